//! What operators see, and how they stop the program: logs, metrics, health, signals.
//!
//! The labels of metrics have a small, fixed set of values, never the name of an object.

mod health;
mod logs;
mod metrics;
mod server;
mod signals;
mod text;

pub(crate) use health::Health;
pub use logs::init as init_logs;
pub(crate) use metrics::Counted;
pub use metrics::Metrics;
pub(crate) use server::serve;
pub(crate) use signals::signal;
