//! What operators see, and how they stop the program: logs, metrics, health, signals.
//!
//! The labels of metrics have a small set of values, never the name of an object; where others choose the values, `words`
//! bounds their number.

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
