//! How does the controller log? To stderr, with one line for each decision that changed something. A reconcile without
//! changes logs nothing. `RUST_LOG` sets what to log. By default that is our own modules at info, and the libraries at
//! warn, without the warnings that repeat a line of our own.
//!
//! A log line quotes text that others wrote: names, messages of webhooks and of the API server. Each field goes through
//! `printable`. (tracing-subscriber escapes only the message, and neither line breaks nor changes of the writing
//! direction.)

use std::fmt::Debug;
use std::io::{self, IsTerminal, Write};

use tracing::Subscriber;
use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriter};
use tracing_subscriber::util::SubscriberInitExt;

use crate::printable;

/// The controller logs each call that fails where it makes the call, in the API server's words, and each watch that is
/// interrupted. The client and the watches of kube would log the same again.
const DEFAULT: &str = "warn,sidecarjob=info,kube_client::client::builder=off,kube_runtime::watcher=error";

/// Starts logging, as JSON or as text; with colours only on a terminal.
pub fn init(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    subscriber(json, colours, filter, BoxMakeWriter::new(io::stderr)).init();
}

fn subscriber(json: bool, colours: bool, filter: EnvFilter, out: BoxMakeWriter) -> Box<dyn Subscriber + Send + Sync> {
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    if json {
        Box::new(lines.json().with_span_list(false).with_writer(Json(out)).finish())
    } else {
        Box::new(lines.with_ansi(colours).fmt_fields(debug_fn(field).delimited(" ")).with_writer(out).finish())
    }
}

/// Formats a field: the message, or name=value, as tracing-subscriber does.
fn field(to: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> std::fmt::Result {
    let value = format!("{value:?}");
    let value = printable::line(&value);
    match field.name() {
        "message" => write!(to, "{value}"),
        name if to.has_ansi_escapes() => write!(to, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m{value}"),
        name => write!(to, "{name}={value}"),
    }
}

/// Writes lines of JSON. Each line arrives in one piece.
struct Json(BoxMakeWriter);

impl<'a> MakeWriter<'a> for Json {
    type Writer = JsonLines<Box<dyn Write + 'a>>;

    fn make_writer(&'a self) -> Self::Writer {
        JsonLines(self.0.make_writer())
    }
}

struct JsonLines<W>(W);

impl<W: Write> Write for JsonLines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let (text, end) = text.strip_suffix('\n').map_or((&*text, ""), |text| (text, "\n"));
        self.0.write_all(printable::json(text).as_bytes())?;
        self.0.write_all(end.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests;
