//! A file that is written to disk in the background.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use redb::StorageBackend;

/// The time during which changes are collected before they are written to disk.
const GATHERED: Duration = Duration::from_secs(1);

/// A file that does not wait for the disk.
///
/// redb requests a sync with every change, so that the change survives a power loss. That takes milliseconds, and every
/// sign-in is a change. The data here can be created again. So the sync is done a moment later, and clients do not wait
/// for it. The end of the process, also by `kill -9`, loses nothing. A power loss within that moment can lose recent
/// changes, or the file.
#[derive(Debug)]
pub(super) struct Behind {
    file: Arc<File>,
    changed: SyncSender<()>,
    failed: Arc<AtomicBool>,
}

impl Behind {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let (changed, news) = sync_channel(1);
        let behind = Self {
            file: Arc::new(file),
            changed,
            failed: Arc::default(),
        };
        let (file, failed) = (Arc::clone(&behind.file), Arc::clone(&behind.failed));
        thread::Builder::new()
            .name("disk".to_owned())
            .spawn(move || sync_behind(&file, &news, &failed))?;
        Ok(behind)
    }
}

/// Syncs until no more changes can come.
fn sync_behind(file: &File, news: &Receiver<()>, failed: &AtomicBool) {
    while news.recv().is_ok() {
        thread::sleep(GATHERED);
        if file.sync_data().is_err() {
            failed.store(true, Ordering::Relaxed);
        }
    }
}

impl StorageBackend for Behind {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk did not accept earlier data"));
        }
        // If the channel is full, the thread has not read the previous signal yet.
        let _ = self.changed.try_send(());
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }

    fn close(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
