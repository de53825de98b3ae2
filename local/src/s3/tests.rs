//! Over HTTP, signed by a few lines that follow AWS's description of Signature Version 4.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const BUCKET: &str = "captcha-bucket";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Returns path and query of a presigned request.
fn presigned(s3: &S3, method: &str, path: &str, at: SystemTime, expires: u32) -> String {
    let time = Timestamp::try_from(at).unwrap().strftime("%Y%m%dT%H%M%SZ").to_string();
    let (date, _) = time.split_at(8);
    let scope = format!("{date}/us-east-1/s3/aws4_request");
    let host = s3.endpoint.strip_prefix("http://").unwrap();
    let credential = format!("{}/{scope}", s3.access_key).replace('/', "%2F");
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={time}&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host"
    );
    let canonical = format!("{method}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let mut key = format!("AWS4{}", s3.secret_key).into_bytes();
    for step in [date, "us-east-1", "s3", "aws4_request"] {
        key = hmac(&key, step);
    }
    format!("{path}?{query}&X-Amz-Signature={}", hex(&hmac(&key, &to_sign)))
}

async fn request(s3: &S3, method: &str, target: &str, headers: &str, body: &str) -> (u16, String) {
    let host = s3.endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let length = body.len();
    let text = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    (reply.split(' ').nth(1).unwrap().parse().unwrap(), reply)
}

#[expect(clippy::disallowed_methods, reason = "requests are signed with the time of day")]
async fn signed(s3: &S3, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let target = presigned(s3, method, path, SystemTime::now(), 60);
    request(s3, method, &target, headers, body).await
}

async fn s3() -> S3 {
    S3::start(Ipv4Addr::LOCALHOST.into(), [BUCKET.to_owned()])
        .await
        .unwrap()
}

#[expect(clippy::disallowed_methods, reason = "presigned addresses are about the time of day")]
mod over_http {
    use super::*;

    #[tokio::test]
    async fn a_put_object_comes_back_with_its_type_and_cache_control() {
        let s3 = s3().await;
        let path = format!("/{BUCKET}/a/b.png");
        let headers = "Content-Type: image/png\r\nCache-Control: no-store\r\n";
        assert_eq!(signed(&s3, "PUT", &path, headers, "picture").await.0, 200);

        let (status, reply) = signed(&s3, "GET", &path, "Origin: http://localhost:9229\r\n", "").await;
        assert_eq!(status, 200);
        assert!(reply.ends_with("\r\n\r\npicture"), "{reply}");
        for header in [
            "content-type: image/png",
            "cache-control: no-store",
            "access-control-allow-origin: http://localhost:9229",
        ] {
            assert!(reply.contains(header), "{header} is missing in {reply}");
        }

        let (status, reply) = signed(&s3, "HEAD", &path, "", "").await;
        assert!(status == 200 && reply.contains("content-length: 7"), "{reply}");

        let (status, reply) = signed(&s3, "GET", &path, "Range: bytes=1-3\r\n", "").await;
        assert!(status == 206 && reply.ends_with("\r\n\r\nict"), "{reply}");

        assert_eq!(signed(&s3, "DELETE", &path, "", "").await.0, 204);
        assert_eq!(signed(&s3, "GET", &path, "", "").await.0, 404);
    }

    #[tokio::test]
    async fn an_unsigned_or_wrongly_signed_request_gets_nothing() {
        let s3 = s3().await;
        let path = format!("/{BUCKET}/secret");
        signed(&s3, "PUT", &path, "", "marker").await;
        let good = presigned(&s3, "GET", &path, SystemTime::now(), 60);
        let other_key = good.replace("secret?", "secret2?");
        let last = good.chars().last().unwrap();
        let flipped = format!("{}{}", &good[..good.len() - 1], if last == '0' { '1' } else { '0' });
        let longer = good.replace("X-Amz-Expires=60", "X-Amz-Expires=600");
        for target in [path.as_str(), &other_key, &flipped, &longer] {
            let (status, reply) = request(&s3, "GET", target, "", "").await;
            assert_eq!(status, 403, "{target}");
            assert!(!reply.contains("marker"));
        }
        // The signature of a GET is not valid for a PUT.
        assert_eq!(request(&s3, "PUT", &good, "", "other").await.0, 403);
        assert_eq!(request(&s3, "GET", &good, "", "").await.0, 200);
    }

    #[tokio::test]
    async fn a_presigned_address_ends_when_it_says() {
        let s3 = s3().await;
        let path = format!("/{BUCKET}/k");
        signed(&s3, "PUT", &path, "", "x").await;
        let now = SystemTime::now();
        let old = presigned(&s3, "GET", &path, now - Duration::from_secs(200), 180);
        assert_eq!(request(&s3, "GET", &old, "", "").await.0, 403);
        let fresh = presigned(&s3, "GET", &path, now - Duration::from_secs(100), 180);
        assert_eq!(request(&s3, "GET", &fresh, "", "").await.0, 200);
    }

    #[tokio::test]
    async fn what_is_on_every_address_is_presigned_for_one_that_others_reach() {
        let s3 = S3::start(Ipv4Addr::UNSPECIFIED.into(), [BUCKET.to_owned()])
            .await
            .unwrap();
        assert!(!s3.endpoint.contains("0.0.0.0"), "{}", s3.endpoint);
        let path = format!("/{BUCKET}/k");
        assert_eq!(signed(&s3, "PUT", &path, "", "x").await.0, 200);
        assert_eq!(signed(&s3, "GET", &path, "", "").await.0, 200);
    }

    #[tokio::test]
    async fn only_the_templates_buckets_are_there() {
        let s3 = s3().await;
        let (status, reply) = signed(&s3, "PUT", "/other-bucket/k", "", "x").await;
        assert!(status == 404 && reply.contains("NoSuchBucket"), "{reply}");
    }

    #[tokio::test]
    async fn pages_from_elsewhere_may_not_read() {
        let s3 = s3().await;
        let path = format!("/{BUCKET}/k");
        signed(&s3, "PUT", &path, "", "x").await;
        let (status, reply) = signed(&s3, "GET", &path, "Origin: https://localhost.example.com\r\n", "").await;
        assert!(
            status == 403 && !reply.contains("access-control-allow-origin"),
            "{reply}"
        );
    }

    #[tokio::test]
    async fn an_object_that_is_too_large_is_refused() {
        let s3 = s3().await;
        let body = "x".repeat(objects::MAX_OBJECT + 1);
        let (status, reply) = signed(&s3, "PUT", &format!("/{BUCKET}/k"), "", &body).await;
        assert!(status == 400 && reply.contains("EntityTooLarge"), "{reply}");
    }
}
