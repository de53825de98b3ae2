//! A DynamoDB with an attempts table, and a network between it and a function.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use dynoxide::Database;
use serde_json::{Value, json};

/// Starts a DynamoDB with a table `attempts` as in template.yaml, and returns its address.
///
/// # Panics
///
/// Panics if the database does not start.
pub fn table() -> String {
    let database = Database::memory().unwrap();
    let attempts = json!({"TableName": "attempts", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]});
    database
        .create_table(serde_json::from_value(attempts).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            dynoxide::server::serve_on(listener, database).await;
        });
    });
    address.to_string()
}

/// The fate of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The request and its response are forwarded.
    Passed,
    /// The request is forwarded, and the connection ends before the response.
    ReplyLost,
    /// The request is not forwarded, and the client gets no response.
    Unanswered,
}

/// Writes `item` into the table at `address` and replaces an existing item.
///
/// # Panics
///
/// Panics if DynamoDB rejects the item.
pub fn put(address: &str, item: &Value) {
    let reply = ureq::post(format!("http://{address}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "DynamoDB_20120810.PutItem")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
        .header("x-amz-date", "20261122T000000Z")
        .send(json!({"TableName": "attempts", "Item": item}).to_string());
    assert!(reply.unwrap().status().is_success());
}

/// A request that the network received: the operation and its JSON.
pub type Sent = (String, Value);

/// A network in front of a DynamoDB.
pub struct Network {
    /// The address of the DynamoDB behind this network.
    pub endpoint: String,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Network {
    /// Starts a network to the DynamoDB at `address`. It calls `decide` with each operation before it forwards it.
    ///
    /// # Panics
    ///
    /// Panics if there is no free port.
    pub fn before(address: &str, decide: impl Fn(&str) -> Fate + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::new(Mutex::default());
        let (address, noted, decide) = (address.to_owned(), Arc::clone(&sent), Arc::new(decide));
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (address, noted, decide) = (address.clone(), Arc::clone(&noted), Arc::clone(&decide));
                // A connection that breaks is not a request.
                thread::spawn(move || pass_on(connection, &address, &noted, decide.as_ref()));
            }
        });
        Self { endpoint, sent }
    }

    /// Removes and returns the requests so far.
    ///
    /// # Panics
    ///
    /// Panics if a request panicked.
    pub fn sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

fn pass_on(
    mut client: TcpStream,
    address: &str,
    noted: &Mutex<Vec<Sent>>,
    decide: &dyn Fn(&str) -> Fate,
) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let (mut head, mut operation, mut length) = (String::new(), String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        (reader.read_line(&mut head).ok()? > 0).then_some(())?;
        let line = head[start..].trim_end();
        let Some((name, value)) = line.split_once(": ") else {
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "x-amz-target" => operation = value.rsplit('.').next()?.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    noted
        .lock()
        .ok()?
        .push((operation.clone(), serde_json::from_slice(&body).ok()?));
    let fate = decide(&operation);
    if fate == Fate::Unanswered {
        reader.read_to_end(&mut Vec::new()).ok()?;
        return None;
    }
    let mut upstream = TcpStream::connect(address).ok()?;
    // One request per connection: the response ends with it.
    let head = head.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    upstream.write_all(head.as_bytes()).ok()?;
    upstream.write_all(&body).ok()?;
    let mut reply = Vec::new();
    upstream.read_to_end(&mut reply).ok()?;
    if fate == Fate::Passed {
        client.write_all(&reply).ok()?;
    }
    Some(())
}
