//! A file that the disk gets behind everybody's back.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use redb::StorageBackend;

/// How long changes are gathered before the disk gets them.
const GATHERED: Duration = Duration::from_secs(1);

/// A file that is not waited for.
///
/// redb asks for a sync with every change, so that the change outlives a loss of power. That takes milliseconds, every
/// sign-in is a change, and what is lost here can be made again. So a sync only happens a moment later, and whoever is
/// answered does not wait for it: the end of this process, which is all that `kill -9` is, loses nothing. A loss of power
/// within that moment can lose what is new, or the file.
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

/// Syncs as long as there are changes to come.
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
            return Err(io::Error::other("the disk did not take what was written before"));
        }
        // Where it is full, the thread has yet to look.
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
