//! A function that answers every event with its version. A test writes it into a package and builds it with cargo.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

const VERSION: u32 = 1;

fn main() {
    let host = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    loop {
        let (id, _) = http(&host, "GET", "next", "");
        http(&host, "POST", &format!("{id}/response"), &VERSION.to_string());
    }
}

/// Sends one request on its own connection. Returns the id of the invocation and the body.
fn http(host: &str, method: &str, path: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} /2018-06-01/runtime/invocation/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut reader = BufReader::new(stream);
    let mut id = String::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end().split_once(": ") {
            Some(("lambda-runtime-aws-request-id", value)) => id = value.to_owned(),
            Some(_) => {}
            None if line == "\r\n" => break,
            // The status. Without one, the server has ended.
            None if line.is_empty() => std::process::exit(0),
            None => {}
        }
    }
    let mut body = String::new();
    reader.read_to_string(&mut body).unwrap();
    (id, body)
}
