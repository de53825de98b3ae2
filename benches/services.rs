//! An S3, a DynamoDB and an SES that accept every object, item and mail. They store nothing.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::connect_info::{Connected, IntoMakeServiceWithConnectInfo};
use axum::extract::{ConnectInfo, State};
use axum::http::{Method, StatusCode};
use axum::serve::{IncomingStream, Listener};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::NamedTempFile;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

/// All three services at one address. They end when this value is dropped.
pub struct Services {
    /// The address.
    pub endpoint: String,
    /// The received requests, in order.
    pub requests: mpsc::Receiver<Request>,
    authority: NamedTempFile,
    _server: Runtime,
}

/// A request that was answered.
pub struct Request {
    /// The HTTP method, such as `PUT`.
    pub method: String,
    /// The client address of the connection.
    pub from: SocketAddr,
    /// The time at which the request was complete.
    pub at: Instant,
    /// The number of bytes in the body.
    pub bytes: usize,
}

impl Services {
    /// Starts the services with a certificate of a new certificate authority.
    ///
    /// # Panics
    ///
    /// Panics if there is no free port.
    pub fn start() -> Self {
        let (authority, tls) = certify();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        Self::serve("https", authority, |tcp, service| async {
            let _ = axum::serve(Tls { tcp, acceptor }, service).await;
        })
    }

    /// Starts the services without TLS.
    ///
    /// # Panics
    ///
    /// Panics if there is no free port.
    pub fn without_tls() -> Self {
        Self::serve("http", certify().0, |tcp, service| async {
            let _ = axum::serve(tcp, service).await;
        })
    }

    fn serve<F>(scheme: &str, authority: NamedTempFile, serve: impl FnOnce(TcpListener, Service) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // A separate thread serves, while the others wait.
        let server = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (note, requests) = mpsc::channel();
        let tcp = server.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("{scheme}://{}", tcp.local_addr().unwrap());
        let service = Router::new().fallback(answer).with_state(note);
        let service = service.into_make_service_with_connect_info::<Peer>();
        server.spawn(serve(tcp, service));
        Self {
            endpoint,
            requests,
            authority,
            _server: server,
        }
    }

    /// Returns the file of certificates that verifies the services' certificate.
    pub fn authority(&self) -> &Path {
        self.authority.path()
    }
}

type Service = IntoMakeServiceWithConnectInfo<Router, Peer>;

/// Returns a file with the certificate of a new authority, and the configuration of a server with a certificate that it
/// signed.
fn certify() -> (NamedTempFile, ServerConfig) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])
        .and_then(|certificate| certificate.signed_by(&key, &authority))
        .unwrap();
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(authority.pem().as_bytes()).unwrap();
    (file, tls)
}

/// Responds without storing anything.
///
/// DynamoDB receives POST requests and responds without an item. S3 responds to reads as it does without the permission
/// to list.
async fn answer(
    State(note): State<mpsc::Sender<Request>>,
    ConnectInfo(Peer(from)): ConnectInfo<Peer>,
    method: Method,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let answer = match method {
        Method::PUT => (StatusCode::OK, ""),
        Method::POST => (StatusCode::OK, "{}"),
        _ => (StatusCode::FORBIDDEN, ""),
    };
    let _ = note.send(Request {
        method: method.to_string(),
        from,
        at: Instant::now(),
        bytes: body.len(),
    });
    answer
}

/// Accepts one connection at a time: a client that does not finish its handshake blocks the others.
struct Tls {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, from)) = self.tcp.accept().await else {
                continue;
            };
            // Without this option, a handshake in several packets takes 40 ms longer.
            let _ = stream.set_nodelay(true);
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

/// The address of the client.
#[derive(Clone)]
struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, Tls>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Tls>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}
