//! An API server of a few lines, for tests of the program: each call gets the answer that a function has for it. No cluster.

#![allow(dead_code, reason = "no target needs all of it")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use serde_json::Value;

/// A call: method, path without the query, query, body.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: String,
    pub body: Value,
}

impl Call {
    /// The path with the query.
    pub fn url(&self) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{}{mark}{}", self.path, self.query)
    }
}

/// Answers each call with a status code and a body, for as long as the test runs; the address.
pub fn server(answer: impl Fn(Call) -> (u16, Value) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = answer.clone();
            thread::spawn(move || serve(stream.expect("a connection"), &*answer));
        }
    });
    address
}

fn serve(stream: TcpStream, answer: &impl Fn(Call) -> (u16, Value)) {
    let mut reader = BufReader::new(stream.try_clone().expect("a connection"));
    let mut writer = stream;
    while let Some(call) = read(&mut reader) {
        let (code, body) = answer(call);
        let body = body.to_string();
        let head =
            format!("HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

/// The next call of the connection, if the client has not closed it.
fn read(reader: &mut impl BufRead) -> Option<Call> {
    let mut head = String::new();
    if reader.read_line(&mut head).unwrap_or(0) == 0 {
        return None;
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().expect("a number");
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let mut words = head.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let url = words.next().unwrap_or_default();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Some(Call { method, path: path.to_owned(), query: query.to_owned(), body })
}
