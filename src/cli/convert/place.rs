//! How does a new text replace a file, so that nobody ever reads half of it?

use std::fs;
use std::io;
use std::path::Path;

/// Writes the text beside the file, with the permissions of the file, and renames it. A link stays a link.
pub fn replace(file: &Path, text: &str) -> io::Result<()> {
    let file = fs::canonicalize(file)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = file.with_file_name(format!(".{name}.sidecarjob-{}", std::process::id()));
    let written = fs::write(&beside, text)
        .and_then(|()| fs::set_permissions(&beside, fs::metadata(&file)?.permissions()))
        .and_then(|()| fs::File::open(&beside)?.sync_all())
        .and_then(|()| fs::rename(&beside, &file));
    if written.is_err() {
        let _ = fs::remove_file(&beside); // the error is told, and the file is as it was
    }
    written
}
