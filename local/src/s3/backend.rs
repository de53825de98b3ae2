//! The operations of `s3s` on the objects.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use cognito_challenge::hex;
use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, ETag, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, PutObjectInput, PutObjectOutput,
    StreamingBlob,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use sha2::{Digest, Sha256};

use super::objects::{MAX_OBJECT, Object, Objects};

/// The buckets, behind a lock that is never held across an await.
#[derive(Debug)]
pub(super) struct Backend(pub(super) Mutex<Objects>);

impl Backend {
    /// Returns the objects, if the bucket exists.
    fn open(&self, bucket: &str) -> S3Result<MutexGuard<'_, Objects>> {
        let buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.has_bucket(bucket) {
            Ok(buckets)
        } else {
            Err(s3_error!(NoSuchBucket, "the template has no such bucket"))
        }
    }

    fn object(&self, bucket: &str, key: &str) -> S3Result<Object> {
        self.open(bucket)?
            .get(bucket, key, now())
            .ok_or_else(|| s3_error!(NoSuchKey))
    }
}

#[async_trait]
impl S3 for Backend {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        drop(self.open(&input.bucket)?);
        let bytes = match input.body {
            Some(body) => axum::body::to_bytes(axum::body::Body::new(Body::from(body)), MAX_OBJECT)
                .await
                .map_err(|_| s3_error!(EntityTooLarge))?,
            None => Bytes::new(),
        };
        let object = Object {
            e_tag: e_tag(&bytes),
            bytes,
            content_type: input.content_type,
            cache_control: input.cache_control,
            put_at: now(),
        };
        let e_tag = Some(ETag::Strong(object.e_tag.clone()));
        self.open(&input.bucket)?.put(&input.bucket, &input.key, object);
        Ok(S3Response::new(PutObjectOutput {
            e_tag,
            ..Default::default()
        }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let object = self.object(&input.bucket, &input.key)?;
        let full = object.bytes.len();
        let (bytes, content_range) = match input.range {
            Some(range) => {
                let wanted = range.check(full as u64).map_err(|_| s3_error!(InvalidRange))?;
                let text = format!("bytes {}-{}/{full}", wanted.start, wanted.end.saturating_sub(1));
                (part(&object.bytes, &wanted), Some(text))
            }
            None => (object.bytes.clone(), None),
        };
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: length(&bytes),
            content_range,
            body: Some(StreamingBlob::from(Body::from(bytes))),
            cache_control: object.cache_control,
            content_type: object.content_type,
            e_tag: Some(ETag::Strong(object.e_tag)),
            last_modified: Some(object.put_at.into()),
            ..Default::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let object = self.object(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: length(&object.bytes),
            cache_control: object.cache_control,
            content_type: object.content_type,
            e_tag: Some(ETag::Strong(object.e_tag)),
            last_modified: Some(object.put_at.into()),
            ..Default::default()
        }))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.open(&request.input.bucket)?
            .delete(&request.input.bucket, &request.input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        drop(self.open(&request.input.bucket)?);
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let prefix = input.prefix.clone().unwrap_or_default();
        // A key is its own continuation token: it contains no secret from its owner.
        let after = input
            .continuation_token
            .clone()
            .or(input.start_after.clone())
            .unwrap_or_default();
        let most = usize::try_from(input.max_keys.unwrap_or(1000)).unwrap_or(0).min(1000);
        let mut objects = self.open(&input.bucket)?.list(&input.bucket, &prefix, &after, now());
        let is_truncated = objects.len() > most;
        objects.truncate(most);
        let next = objects.last().filter(|_| is_truncated).map(|(key, _)| key.clone());
        let contents: Vec<_> = objects
            .into_iter()
            .map(|(key, object)| s3s::dto::Object {
                key: Some(key),
                size: length(&object.bytes),
                e_tag: Some(ETag::Strong(object.e_tag)),
                last_modified: Some(object.put_at.into()),
                ..Default::default()
            })
            .collect();
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix,
            max_keys: Some(i32::try_from(most).unwrap_or(i32::MAX)),
            key_count: i32::try_from(contents.len()).ok(),
            continuation_token: input.continuation_token,
            start_after: input.start_after,
            is_truncated: Some(is_truncated),
            next_continuation_token: next,
            contents: Some(contents),
            ..Default::default()
        }))
    }
}

fn part(bytes: &Bytes, wanted: &std::ops::Range<u64>) -> Bytes {
    // `check` has ensured that both ends are within the object.
    let end = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(end(wanted.start)..end(wanted.end))
}

fn length(bytes: &Bytes) -> Option<i64> {
    i64::try_from(bytes.len()).ok()
}

/// Returns an `ETag`. S3's is an MD5 only for some objects, so clients cannot rely on it.
fn e_tag(bytes: &Bytes) -> String {
    let hash = Sha256::digest(bytes);
    hash.get(..16).map(hex::encode).unwrap_or_default()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the embedded S3 is an edge: here the time of day comes in"
)]
fn now() -> SystemTime {
    SystemTime::now()
}
