//! What do operators see, and how do they stop the program? Logs, metrics, health, signals.
//!
//! The labels of metrics have few values, and never the name of an object. If others choose the values of a label,
//! `words` limits their number.

mod health;
mod logs;
mod metrics;
mod server;
mod signals;
mod text;
mod words;

pub use health::Health;
pub use logs::init as init_logs;
pub use metrics::Metrics;
pub(crate) use metrics::{Counted, EventLoss};
pub use server::serve;
pub(crate) use signals::signal;
