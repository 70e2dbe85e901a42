//! Which edits of the text make a change?

use crate::cli::convert::change::Change;
use crate::cli::convert::choice::To;
use crate::cli::convert::text::{Editor, Way};
use crate::cli::convert::{moving, needless};
use crate::cli::manifest::Object;
use crate::cli::manifest::edit::Edits;

/// The edits that make the change. The error is a piece of a sentence, with the line.
pub fn edits(object: &Object<'_>, change: &Change, way: Way) -> Result<Edits, String> {
    let mut editor = Editor::new(object, way);
    for (path, field, value) in change.fields() {
        editor.put(&path, field, &value)?;
    }
    if change.drops_status() {
        editor.remove("status")?;
        needless::removed(&mut editor, change.kind);
    }
    if change.to == To::Native {
        moving::containers(&mut editor, &change.kind.template().then("spec"), &change.sidecars)?;
    }
    Ok(editor.done())
}
