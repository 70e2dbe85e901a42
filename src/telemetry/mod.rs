//! What operators hear: logs, metrics, health, and the signals that they send.
//!
//! Metric labels are small closed sets; never a name of an object.

mod health;
mod logs;
mod metrics;
mod server;
mod signals;
mod text;

pub use health::Health;
pub use logs::init as init_logs;
pub use metrics::{Counted, Metrics};
pub use server::serve;
pub use signals::signal;
