//! A pager service on this machine, for tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// A service that keeps the pages that it should send.
#[derive(Clone)]
pub struct Pager {
    /// The address.
    pub url: String,
    asked: Arc<Mutex<Vec<Value>>>,
    mood: Arc<Mutex<Mood>>,
}

/// The behavior of the service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// The service works.
    Well,
    /// The service returns that every code was revoked.
    Revoked,
    /// The service returns status 503.
    Down,
    /// The service returns text that is not JSON.
    Garbled,
}

impl Pager {
    /// Starts a service that runs until the test process ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let pager = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            asked: Arc::default(),
            mood: Arc::new(Mutex::new(Mood::Well)),
        };
        let service = pager.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                service.answer(stream.unwrap());
            }
        });
        pager
    }

    /// Changes the behavior of the service.
    pub fn turn(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Returns the pages that the service should send, with and without a number.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let posts = line.starts_with("POST ");
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            if header.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        if posts {
            self.asked.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        }
        let mood = *self.mood.lock().unwrap();
        let (status, body) = match mood {
            Mood::Down => ("503 Service Unavailable", String::new()),
            Mood::Garbled => ("200 OK", "<html>".to_owned()),
            Mood::Well | Mood::Revoked => ("200 OK", json!({"revoked": mood == Mood::Revoked}).to_string()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
    }
}
