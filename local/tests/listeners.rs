//! The responses of a running `local` to a browser, for each port that the process has open.
#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails here fails the test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Define:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: define}}
    Properties: {CodeUri: functions, Runtime: provided.al2023, Handler: bootstrap}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Define
      Action: lambda:InvokeFunction
      Principal: cognito-idp.amazonaws.com
      SourceArn: !GetAtt Pool.Arn
  Pool:
    Type: AWS::Cognito::UserPool
    Properties: {LambdaConfig: {DefineAuthChallenge: !GetAtt Define.Arn}}
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref Pool, ExplicitAuthFlows: [ALLOW_CUSTOM_AUTH]}
";

/// A `local` that runs a template of another workspace.
struct Local(Child);

impl Local {
    fn start(folder: &Path) -> Self {
        let source = include_str!("../src/watch/tests/function.rs");
        for (path, content) in [
            ("template.yaml", TEMPLATE),
            (
                "functions/Cargo.toml",
                "[package]\nname = \"functions\"\nedition = \"2024\"\n",
            ),
            ("functions/src/bin/define.rs", source),
        ] {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let mut local = Command::new(env!("CARGO_BIN_EXE_cognito-loop"))
            .args(["--listen", "127.0.0.1:0", "--ephemeral", "--template"])
            .arg(folder.join("template.yaml"))
            .env_remove("CARGO_TARGET_DIR")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(local.stdout.take().unwrap()).lines();
        assert!(
            lines.any(|line| line.unwrap().contains("Ready after")),
            "`local` did not start"
        );
        Self(local)
    }

    /// Returns every address that the process listens on.
    fn listeners(&self) -> BTreeSet<SocketAddr> {
        let folder = format!("/proc/{}", self.0.id());
        let own: BTreeSet<String> = fs::read_dir(format!("{folder}/fd"))
            .unwrap()
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
            .collect();
        let mut found = BTreeSet::new();
        for table in ["tcp", "tcp6"] {
            let table = fs::read_to_string(format!("{folder}/net/{table}")).unwrap_or_default();
            for line in table.lines().skip(1) {
                let fields: Vec<&str> = line.split_whitespace().collect();
                let listens = fields[3] == "0A";
                if listens && own.contains(fields[9]) {
                    let (_, port) = fields[1].rsplit_once(':').unwrap();
                    let port = u16::from_str_radix(port, 16).unwrap();
                    found.insert(SocketAddr::from(([127, 0, 0, 1], port)));
                }
            }
        }
        found
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the response to a request with these lines.
fn answer(address: SocketAddr, request: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    write!(
        stream,
        "{request} HTTP/1.1\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    read.unwrap_or_else(|error| panic!("{address} does not answer `{request}`: {error}"));
    answer
}

#[test]
fn no_listener_answers_to_a_page_from_elsewhere() {
    const NEXT: &str = "/2018-06-01/runtime/invocation/next";
    let folder = tempfile::tempdir().unwrap();
    let local = Local::start(folder.path());
    let listeners = local.listeners();
    // The user pools, S3, DynamoDB, the messages and the only process of the function.
    assert_eq!(listeners.len(), 5, "{listeners:?}");
    let mut held = 0;
    for address in listeners {
        let own = format!("Host: {address}\r\n");
        let asks_first = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-amz-target\r\n";
        for (request, headers, status) in [
            (format!("GET {NEXT}"), "Host: evil.example\r\n".to_owned(), 421),
            ("POST /".to_owned(), "Host: evil.example\r\n".to_owned(), 421),
            (
                format!("GET {NEXT}"),
                format!("{own}Origin: https://evil.example\r\n"),
                403,
            ),
            (
                "POST /".to_owned(),
                format!("{own}Origin: https://evil.example\r\n"),
                403,
            ),
            ("POST /".to_owned(), format!("{own}Origin: null\r\n"), 403),
            (
                "OPTIONS /".to_owned(),
                format!("{own}{asks_first}Origin: https://evil.example\r\n"),
                403,
            ),
        ] {
            let answer = answer(address, &request, &headers);
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{address} {request}\n{headers}{answer}"
            );
            assert!(
                !answer.to_lowercase().contains("access-control-allow"),
                "{address} {request}\n{answer}"
            );
        }
        // A picture or a link names no origin. It must not get an event.
        let picture = format!("{own}Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n");
        let answer = answer(address, &format!("GET {NEXT}"), &picture);
        held += usize::from(answer.contains("accepts no requests of web pages"));
    }
    assert_eq!(held, 3);
}
