//! The smallest function: it returns each event without parsing it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::{env, str};

#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge, where the environment is read"
)]
fn main() -> io::Result<()> {
    let api = env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
    let mut lambda = BufReader::new(TcpStream::connect(&api)?);
    let next = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: {api}\r\n\r\n");
    loop {
        // In one write, because Linux would delay a second write until the first is acknowledged.
        lambda.get_mut().write_all(next.as_bytes())?;
        let (id, event) = reply(&mut lambda)?;
        let head = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {api}\r\nContent-Length: {}\r\n\r\n",
            event.len()
        );
        lambda.get_mut().write_all(&[head.as_bytes(), &event].concat())?;
        reply(&mut lambda)?;
    }
}

/// Reads a response. Returns the id of the event, if it has one, and the body.
fn reply(lambda: &mut BufReader<TcpStream>) -> io::Result<(String, Vec<u8>)> {
    let (mut id, mut length) = (String::new(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        if lambda.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = str::from_utf8(&line).unwrap_or_default().split_once(':') else {
            // The first line and the last line have no colon.
            if line == b"\r\n" {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().map_err(io::Error::other)?,
            "lambda-runtime-aws-request-id" => value.trim().clone_into(&mut id),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    lambda.read_exact(&mut body)?;
    Ok((id, body))
}
