//! A service for tests.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::http::{Request, Response, StatusCode};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use cognito_challenge_runtime::Environment;
use serde_json::Value;

/// A service that responds to each request in the same way, and keeps the bodies of the requests.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    status: u16,
    body: &'static str,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Service {
    pub(crate) fn new(status: u16, body: &'static str) -> Self {
        Self {
            status,
            body,
            requests: Arc::default(),
        }
    }

    /// Returns the configuration of a client that sends its requests to this service.
    pub(crate) fn config(&self) -> SdkConfig {
        let variables = [
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-west-1"),
        ];
        let config = crate::configure(&Environment::new(variables), "DYNAMODB").unwrap();
        let connector = SharedHttpConnector::new(self.clone());
        let client = http_client_fn(move |_, _| connector.clone());
        config.into_builder().http_client(client).build()
    }

    pub(crate) fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }
}

impl HttpConnector for Service {
    fn call(&self, request: Request) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap();
        self.requests
            .lock()
            .unwrap()
            .push(serde_json::from_slice(body).unwrap());
        let status = StatusCode::try_from(self.status).unwrap();
        HttpConnectorFuture::ready(Ok(Response::new(status, SdkBody::from(self.body))))
    }
}
