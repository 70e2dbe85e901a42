//! What is in memory of the cluster? What the watches delivered and what the API server answered to the controller's
//! own writes, whichever is newer.

pub(crate) mod buried;
pub(crate) mod list;
pub mod pods;
