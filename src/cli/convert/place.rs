//! How does a new text replace a file, so that nobody ever reads half of it?

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

/// Writes the text beside the file, with the owner and the permissions of the file, and renames it. A link stays a link.
pub fn replace(file: &Path, text: &str) -> io::Result<()> {
    let file = fs::canonicalize(file)?;
    let metadata = fs::metadata(&file)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = file.with_file_name(format!(".{name}.sidecarjob-{}", std::process::id()));
    let written = fs::write(&beside, text)
        .and_then(|()| owned_alike(&beside, &metadata))
        .and_then(|()| fs::set_permissions(&beside, metadata.permissions()))
        .and_then(|()| fs::File::open(&beside)?.sync_all())
        .and_then(|()| fs::rename(&beside, &file));
    if written.is_err() {
        let _ = fs::remove_file(&beside); // the error is told, and the file is as it was
    }
    written
}

/// Gives the new file to the owner of the old one, if it is another: root changes the files of others.
fn owned_alike(new: &Path, old: &fs::Metadata) -> io::Result<()> {
    let is = fs::metadata(new)?;
    let other = |is: u32, was: u32| (is != was).then_some(was);
    match (other(is.uid(), old.uid()), other(is.gid(), old.gid())) {
        (None, None) => Ok(()),
        (None, group) => chown(new, None, group).or(Ok(())), // a group of which the caller is no member
        (owner, group) => chown(new, owner, group).or(Ok(())), // only root gives files away
    }
}
