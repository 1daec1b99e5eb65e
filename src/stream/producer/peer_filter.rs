//! Who may connect.

use crate::ipc::PeerCredentials;

/// Who may connect to the listeners of a producer, by what the kernel says of them (`SO_PEERCRED`).
///
/// Without a user id each user may, and without a process id each process: a list that is empty
/// asks for nothing.
///
/// ```
/// use dmashare::ipc::PeerCredentials;
/// use dmashare::stream::PeerFilter;
///
/// let filter = PeerFilter::everybody().uid(1000).uid(1001);
/// assert!(filter.allows(&PeerCredentials { pid: Some(7), uid: 1001, gid: 100 }));
/// assert!(!filter.allows(&PeerCredentials { pid: Some(7), uid: 0, gid: 0 }));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a filter does nothing until it is in the settings of a producer"]
pub struct PeerFilter {
    uids: Vec<u32>,
    pids: Vec<u32>,
}

impl PeerFilter {
    /// Everybody whom the mode of the socket lets in.
    pub fn everybody() -> Self {
        Self::default()
    }

    /// This user too, and nobody who is not named.
    pub fn uid(mut self, uid: u32) -> Self {
        self.uids.push(uid);
        self
    }

    /// This process too, and none that is not named. The number of a process that has ended can
    /// become another one's, so this is for processes whose end is noticed: children.
    pub fn pid(mut self, pid: u32) -> Self {
        self.pids.push(pid);
        self
    }

    /// Whether somebody may connect: the user and the process both have to be allowed.
    pub fn allows(&self, peer: &PeerCredentials) -> bool {
        let is_user = self.uids.is_empty() || self.uids.contains(&peer.uid);
        let is_process =
            self.pids.is_empty() || peer.pid.is_some_and(|pid| self.pids.contains(&pid));
        is_user && is_process
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_process_both_have_to_be_allowed() {
        let peer = |pid, uid| PeerCredentials { pid, uid, gid: 0 };
        let filter = PeerFilter::everybody().uid(10).pid(7).pid(8);
        assert!(filter.allows(&peer(Some(8), 10)));
        assert!(!filter.allows(&peer(Some(8), 11)));
        assert!(!filter.allows(&peer(Some(9), 10)));
        assert!(!filter.allows(&peer(None, 10)), "of a namespace that cannot be seen");
        assert!(PeerFilter::everybody().allows(&peer(None, 0)));
    }
}
