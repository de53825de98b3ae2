//! The functions as child processes behind the Lambda Runtime API.
