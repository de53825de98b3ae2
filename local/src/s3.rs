//! An embedded S3, in memory: put, get, head, delete and list, signed or presigned, as the functions use it.
//!
//! `s3s` verifies every signature and the expiry of presigned addresses. Unsigned requests are rejected.

mod backend;
mod objects;
#[cfg(test)]
mod tests;

use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

use axum::Router;
use axum::error_handling::HandleError;
use axum::http::{HeaderName, Method, StatusCode, header};
use listener::{Callers, is_near};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::cors::{AllowOrigin, CorsLayer};
use uuid::Uuid;

use backend::Backend;
use objects::Objects;

/// A running S3. Dropping it stops it and deletes its objects.
#[derive(Debug)]
pub(crate) struct S3 {
    /// Its address, such as `http://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    /// The only access key id, different in every run.
    pub(crate) access_key: String,
    /// Its secret.
    pub(crate) secret_key: String,
    server: JoinHandle<()>,
}

impl S3 {
    /// Serves empty buckets with these names on its own port. It listens on `ip`, because presigned addresses contain
    /// it and clients must reach it like the user pools.
    ///
    /// # Errors
    ///
    /// Returns an error if no port is available.
    pub(crate) async fn start(ip: IpAddr, buckets: impl IntoIterator<Item = String>) -> io::Result<Self> {
        let listener = TcpListener::bind((ip, 0)).await?;
        let endpoint = listener::endpoint(listener.local_addr()?);
        let access_key = format!("LOCAL{}", Uuid::new_v4().simple().to_string().to_uppercase());
        let secret_key = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let mut service = S3ServiceBuilder::new(Backend(Mutex::new(Objects::new(buckets))));
        service.set_auth(SimpleAuth::from_single(access_key.clone(), secret_key.clone()));
        let service = HandleError::new(service.build(), |_| async { StatusCode::INTERNAL_SERVER_ERROR });
        let router = Router::new().fallback_service(service).layer(cors());
        let server = tokio::spawn(async move {
            // It ends only when it is aborted.
            let _ = listener::serve(listener, Callers::Pages, router).await;
        });
        Ok(Self {
            endpoint,
            access_key,
            secret_key,
            server,
        })
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Allows pages of this machine to read objects through presigned addresses.
fn cors() -> CorsLayer {
    let exposed: [HeaderName; 2] = [header::CONTENT_TYPE, header::ETAG];
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(|origin, request| {
            is_near(origin, &request.headers)
        }))
        .allow_methods([Method::GET])
        .expose_headers(exposed)
}
