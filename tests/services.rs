//! Simplified Amazon SES and SNS: they keep the messages, and a test determines their responses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A received request.
#[derive(Clone, Debug)]
pub struct Received {
    /// The request line, such as `POST /v2/email/outbound-emails HTTP/1.1`.
    pub line: String,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Received {
    /// Returns the header `name`, or `""`.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Returns whether the request can send a message. Create opens connections with an empty request.
    pub fn is_message(&self) -> bool {
        self.body.contains("\"Content\"") || self.body.contains("PhoneNumber")
    }
}

/// A response: status, media type and body.
pub type Reply = (u16, &'static str, &'static str);

/// The response of SES to an accepted mail.
pub const MAIL_TAKEN: Reply = (200, "application/json", r#"{"MessageId":"0100019400000000-1"}"#);

/// The response of SNS to an accepted text message.
pub const SMS_TAKEN: Reply = (
    200,
    "text/xml",
    "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>1</MessageId>\
     </PublishResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishResponse>",
);

/// A service on this machine.
pub struct Service {
    /// The address.
    pub endpoint: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Service {
    /// Starts a service. `reply` returns the response to each request and its delay.
    ///
    /// # Panics
    ///
    /// Panics if there is no free port.
    pub fn start(reply: impl Fn(&Received) -> (Duration, Reply) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::default());
        let (kept, reply) = (Arc::clone(&received), Arc::new(reply));
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (kept, reply) = (Arc::clone(&kept), Arc::clone(&reply));
                // A connection that breaks is not a request.
                thread::spawn(move || serve(&connection, &kept, reply.as_ref()));
            }
        });
        Self { endpoint, received }
    }

    /// Starts a service that accepts everything at once.
    pub fn taking(reply: Reply) -> Self {
        Self::start(move |_| (Duration::ZERO, reply))
    }

    /// Removes and returns the requests so far.
    ///
    /// # Panics
    ///
    /// Panics if a request panicked.
    pub fn requests(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }

    /// Removes the requests so far and returns the messages among them.
    pub fn messages(&self) -> Vec<Received> {
        self.requests().into_iter().filter(Received::is_message).collect()
    }
}

fn serve(
    connection: &TcpStream,
    kept: &Mutex<Vec<Received>>,
    reply: &dyn Fn(&Received) -> (Duration, Reply),
) -> Option<()> {
    connection.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(connection);
    loop {
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then_some(())?;
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            match header.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None => break,
            }
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap_or(0))];
        reader.read_exact(&mut body).ok()?;
        let received = Received {
            line: line.trim_end().to_owned(),
            headers,
            body: String::from_utf8(body).ok()?,
        };
        let (delay, (status, kind, text)) = reply(&received);
        kept.lock().ok()?.push(received);
        thread::sleep(delay);
        let length = text.len();
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
        (&mut &*connection).write_all(format!("{head}{text}").as_bytes()).ok()?;
    }
}
