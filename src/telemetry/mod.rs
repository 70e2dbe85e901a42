//! What do operators see, and how do they stop the program? Logs, metrics, health, signals.
//!
//! The labels of metrics have few values, and never the name of an object, but for the series of each object (`objects`),
//! which a scrape leaves out if there are too many. If others choose the values of a label, `words` limits their number.

mod health;
mod in_view;
mod logs;
mod metrics;
mod objects;
mod scrape;
mod server;
mod signals;
mod text;
mod words;

pub use health::Health;
pub use in_view::{Draining, InView};
pub use logs::init as init_logs;
pub use metrics::Metrics;
pub(crate) use metrics::{Counted, EventLoss};
pub use scrape::{MOST_OBJECTS, PerObject};
pub use server::serve;
pub(crate) use signals::signal;
pub use text::Form;
