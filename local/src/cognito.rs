//! The Cognito user pools API.
