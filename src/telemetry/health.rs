//! Is the controller alive, and is it ready? Alive: it answers. Ready: it waits for the Lease, or has all Pods in view.

use std::sync::Arc;

use tokio::sync::watch;

/// Shared between the queues and the HTTP server.
#[derive(Clone, Debug)]
pub struct Health(Arc<watch::Sender<State>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The cluster has not answered yet.
    Starting,
    /// Another controller may hold the Lease.
    StandingBy,
    /// The controller works; this number of queues do not have all Pods in view yet.
    Working { unlisted: usize },
}

impl Default for Health {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(State::Starting)))
    }
}

impl Health {
    /// The cluster has answered.
    pub fn standing_by(&self) {
        self.0.send_replace(State::StandingBy);
    }

    /// This number of queues begin to read the Pods.
    pub fn working(&self, queues: usize) {
        self.0.send_replace(State::Working { unlisted: queues });
    }

    /// One queue has all its Pods in view.
    pub fn listed(&self) {
        self.0.send_modify(|state| {
            if let State::Working { unlisted } = state {
                *unlisted = unlisted.saturating_sub(1);
            }
        });
    }

    /// Can the controller work, or take over when the other one stops?
    pub fn is_ready(&self) -> bool {
        matches!(*self.0.borrow(), State::StandingBy | State::Working { unlisted: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_standing_by_or_all_pods_in_view() {
        let health = Health::default();
        assert!(!health.is_ready(), "before the cluster answered");
        health.standing_by();
        assert!(health.is_ready(), "while another holds the Lease");
        health.working(2);
        health.listed();
        assert!(!health.is_ready(), "one namespace of two is not listed");
        health.listed();
        assert!(health.is_ready());
    }
}
