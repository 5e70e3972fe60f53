//! Publishing: a run is written aside, synced, and becomes visible in one rename, or not at all.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::evidence;

/// Folder of all runs below the output folder.
const RUNS: &str = ".runs";

/// Begins the names of folders that are being written.
const STAGING: &str = ".staging-";

/// Begins the names of links that are not yet in their place.
const FRESH_LINK: &str = ".link-";

/// Now, for the person who finds the folder locked; no output holds it.
fn humantime() -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    crate::period::utc_time(seconds)
}

/// Why the output folder cannot be used.
#[derive(Debug)]
pub enum PublishFault {
    /// Another run is writing; with what it wrote about itself.
    Locked(String),
    /// Something that no run has made stands where the result goes.
    InTheWay(PathBuf),
    /// The folder is that of a published run, or lies in one.
    InARun(PathBuf),
    /// What is named is a file.
    NoFolder(PathBuf),
    /// The disk said no.
    Io(PathBuf, io::Error),
}

impl std::fmt::Display for PublishFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PublishFault::Locked(holder) => write!(f, "another run is writing here: {holder}"),
            PublishFault::InTheWay(path) => {
                write!(f, "{} was not made by showback: move it away, results go there", path.display())
            }
            PublishFault::InARun(path) => {
                let path = path.display();
                write!(
                    f,
                    "{path} is a published run, and nothing else goes into it: name the folder that runs lie in, as in --out out"
                )
            }
            PublishFault::NoFolder(path) => {
                write!(f, "{} is a file: name a folder for the results, as in --out out", path.display())
            }
            PublishFault::Io(path, error) => {
                write!(f, "{} cannot be written: {error}; another folder is named with --out", path.display())
            }
        }
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> PublishFault + '_ {
    move |error| PublishFault::Io(path.to_owned(), error)
}

/// The output folder, held by this process until it is dropped.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    _lock: File,
}

impl Output {
    /// Makes the folder if need be, takes its lock and clears away what a killed run left.
    ///
    /// # Errors
    /// [`PublishFault`] when another run holds the lock, or the folder is a file, a published run or cannot be written.
    pub fn open(folder: &Path) -> Result<Output, PublishFault> {
        let above = || folder.ancestors().filter(|above| !above.as_os_str().is_empty());
        if let Some(file) = above().find(|above| above.is_file()) {
            return Err(PublishFault::NoFolder(file.to_owned()));
        }
        let is_run = |above: &&Path| {
            let text = fs::read_to_string(above.join(evidence::FILE));
            text.is_ok_and(|text| evidence::Evidence::parse(&text).is_ok())
        };
        if let Some(run) = above().find(is_run) {
            return Err(PublishFault::InARun(run.to_owned()));
        }
        let runs = folder.join(RUNS);
        create_private(&runs).map_err(at(&runs))?;
        let lock_path = folder.join(".lock");
        let mut lock = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&lock_path)
            .map_err(at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = lock.read_to_string(&mut holder);
                return Err(PublishFault::Locked(holder.trim().to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(PublishFault::Io(lock_path, error)),
        }
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let started = humantime();
        let about = format!("process {} on {}, started at {started}\n", std::process::id(), host.trim());
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| lock.write_all(about.as_bytes()))
            .map_err(at(&lock_path))?;
        for entry in fs::read_dir(&runs).map_err(at(&runs))?.filter_map(Result::ok) {
            if entry.file_name().to_string_lossy().starts_with(STAGING) {
                fs::remove_dir_all(entry.path()).map_err(at(&entry.path()))?;
            }
        }
        for entry in fs::read_dir(folder).map_err(at(folder))?.filter_map(Result::ok) {
            if entry.file_name().to_string_lossy().starts_with(FRESH_LINK) {
                fs::remove_file(entry.path()).map_err(at(&entry.path()))?;
            }
        }
        Ok(Output { folder: folder.to_owned(), _lock: lock })
    }

    /// A fresh folder to write a run into.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn stage(&self, period: &str) -> Result<Staged<'_>, PublishFault> {
        let link = self.folder.join(period);
        if cfg!(unix) && link.symlink_metadata().is_ok_and(|about| !about.is_symlink()) {
            return Err(PublishFault::InTheWay(link));
        }
        let path = self.folder.join(RUNS).join(format!("{STAGING}{period}-{}", std::process::id()));
        create_private(&path).map_err(at(&path))?;
        Ok(Staged { output: self, period: period.to_owned(), path, is_published: false })
    }
}

/// A run that is written but not yet visible. Dropped unpublished, it is removed.
#[derive(Debug)]
pub struct Staged<'o> {
    output: &'o Output,
    period: String,
    path: PathBuf,
    is_published: bool,
}

impl Staged<'_> {
    /// Where to write.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the run visible as `out/<period>`: sync, rename into place, then swap the link.
    ///
    /// # Errors
    /// When the disk refuses; what was visible before stays as it was.
    pub fn publish(mut self, id: &str) -> Result<PathBuf, PublishFault> {
        let runs = self.output.folder.join(RUNS);
        sync_folders(&self.path).map_err(at(&self.path))?;
        let first = format!("{}-{id}", self.period);
        let mut name = first.clone();
        let mut number = 1;
        // The same inputs and rules were run before: the new folder stands beside the old until the link moves.
        while runs.join(&name).exists() {
            number += 1;
            name = format!("{}-{id}.{number}", self.period);
        }
        let place = runs.join(&name);
        fs::rename(&self.path, &place).map_err(at(&place))?;
        self.is_published = true;
        sync_folder(&runs).map_err(at(&runs))?;
        let link = self.output.folder.join(&self.period);
        swap(&self.output.folder, &Path::new(RUNS).join(&name), &link).map_err(at(&link))?;
        sync_folder(&self.output.folder).map_err(at(&self.output.folder))?;
        // Runs of the same inputs and rules are the same; those that a kill has left behind go too.
        for entry in fs::read_dir(&runs).map_err(at(&runs))?.filter_map(Result::ok) {
            let other = entry.file_name().to_string_lossy().into_owned();
            let is_same = other == first || other.strip_prefix(&first).is_some_and(|rest| rest.starts_with('.'));
            if is_same && other != name {
                fs::remove_dir_all(entry.path()).map_err(at(&entry.path()))?;
            }
        }
        Ok(link)
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(unix)]
fn swap(folder: &Path, target: &Path, link: &Path) -> io::Result<()> {
    let fresh = folder.join(format!("{FRESH_LINK}{}", std::process::id()));
    let _ = fs::remove_file(&fresh);
    std::os::unix::fs::symlink(target, &fresh)?;
    fs::rename(&fresh, link)
}

#[cfg(not(unix))]
fn swap(folder: &Path, target: &Path, link: &Path) -> io::Result<()> {
    // Without links the folder itself is moved in, the old one aside first.
    let aside = folder.join(format!(".old-{}", std::process::id()));
    if link.exists() {
        fs::rename(link, &aside)?;
    }
    fs::rename(folder.join(target), link)?;
    if aside.exists() { fs::remove_dir_all(&aside) } else { Ok(()) }
}

/// Makes a folder, and those above it, for the owner and group only.
fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o750);
    builder.create(path)
}

/// Writes a file and waits until it is on disk.
///
/// # Errors
/// When the disk refuses.
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
