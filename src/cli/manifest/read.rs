//! Which texts does `-f` mean: a file, the manifests of a folder, or stdin?

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::cli::manifest::Source;

/// More than any chart has. A text is in memory as a whole.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The endings that kubectl reads in a folder.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Why a text can't be read. Each error is a sentence with the file.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file or folder is not there.
    #[error("{0} does not exist")]
    NotFound(String),
    /// The file or folder can't be read.
    #[error("failed to read {0}: {1}")]
    Io(String, std::io::Error),
    /// The folder has no manifest.
    #[error("{0} has no file that ends with .yaml, .yml or .json{1}")]
    Empty(String, &'static str),
    /// The file is too large.
    #[error("{0} is larger than 64 MiB")]
    TooLarge(String),
    /// An address, which kubectl would fetch.
    #[error("{0} is an address, and -f reads files: curl -fsS {0} | … -f - reads it")]
    Address(String),
    /// The file has other bytes than UTF-8.
    #[error("{0} is no text: a manifest is YAML or JSON in UTF-8")]
    NoText(String),
}

/// The texts of a file, of the manifests in a folder (by name; those in its folders with `recursive`), or of stdin (`-`). A file of
/// a folder that can't be read is a source that tells so.
pub fn read(path: &Path, recursive: bool) -> Result<Vec<Arc<Source>>, ReadError> {
    if path == Path::new("-") {
        return Ok(vec![Arc::new(Source::new("stdin", None, text(std::io::stdin(), "stdin")?))]);
    }
    let shown = path.display().to_string();
    if shown.starts_with("http://") || shown.starts_with("https://") {
        return Err(ReadError::Address(shown));
    }
    let metadata = std::fs::metadata(path).map_err(|error| failed(&shown, error))?;
    if !metadata.is_dir() {
        return Ok(vec![file(path)?]);
    }
    let mut files = Vec::new();
    list(path, recursive, &mut files)?;
    if files.is_empty() {
        let advice = if recursive { "" } else { ", and --recursive was not given for the folders in it" };
        return Err(ReadError::Empty(shown, advice));
    }
    Ok(files.iter().map(|path| file(path).unwrap_or_else(|error| unreadable(path, &error))).collect())
}

/// A file of a folder that can't be read: the others are read all the same.
fn unreadable(path: &Path, error: &ReadError) -> Arc<Source> {
    let why = match error {
        ReadError::NotFound(_) => "the link leads to no file".to_owned(),
        ReadError::Io(_, error) => format!("failed to read the file: {error}"),
        ReadError::TooLarge(_) => "the file is larger than 64 MiB".to_owned(),
        ReadError::NoText(_) => "the file is no text: a manifest is YAML or JSON in UTF-8".to_owned(),
        ReadError::Empty(..) | ReadError::Address(_) => error.to_string(),
    };
    Arc::new(Source::unreadable(path.display().to_string(), why))
}

fn file(path: &Path) -> Result<Arc<Source>, ReadError> {
    let name = path.display().to_string();
    let open = std::fs::File::open(path).map_err(|error| failed(&name, error))?;
    let text = text(open, &name)?;
    Ok(Arc::new(Source::new(name, Some(path.to_owned()), text)))
}

/// The manifests of a folder, sorted by name. A link to a folder is not followed.
fn list(folder: &Path, recursive: bool, files: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let shown = folder.display().to_string();
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<_> =
        entries.map_err(|error| failed(&shown, error))?.iter().map(std::fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        let is_manifest = path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known));
        if path.is_dir() {
            if recursive && !path.is_symlink() {
                list(&path, recursive, files)?;
            }
        } else if is_manifest {
            files.push(path);
        }
    }
    Ok(())
}

fn text(from: impl Read, name: &str) -> Result<String, ReadError> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(name, error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(ReadError::TooLarge(name.to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| ReadError::NoText(name.to_owned()))
}

fn failed(name: &str, error: std::io::Error) -> ReadError {
    match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::NotFound(name.to_owned()),
        _ => ReadError::Io(name.to_owned(), error),
    }
}
