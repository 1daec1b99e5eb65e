//! Who may change what the display shows.
//!
//! Of all open files of a primary node, one is **master**: it alone changes what the display shows.
//! Whoever opens the node while there is no master becomes it.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-uapi.html#primary-nodes-drm-master-and-authentication>,
//! `drivers/gpu/drm/drm_auth.c`.

use std::os::fd::AsFd;

use rustix::io::Errno;

use crate::device::Client;
use crate::device::Node;
use crate::device::NodeKind;
use crate::device::call::again;

impl Node {
    /// Whether this open file is master. Always `false` for a render node.
    #[doc(alias = "drmIsMaster")]
    pub fn is_master(&self) -> bool {
        // Authenticating is the master's, and no client has the token 0: the master is told that
        // it is invalid, everybody else that they may not.
        let authenticate = || drm_ffi::auth::auth_magic_token(self.as_fd(), 0);
        self.kind() == NodeKind::Primary && again(authenticate).err() != Some(Errno::ACCESS)
    }

    /// Makes this open file master, if nobody else is. Does nothing if it is already.
    ///
    /// Whoever was master on this open file before may become it again; everybody else needs
    /// `CAP_SYS_ADMIN`. A session manager (logind, seatd) hands out open files that are master.
    ///
    /// # Errors
    /// - [`MasterError::AnotherMaster`]: somebody else is, and who, where the system tells.
    /// - [`MasterError::NotAllowed`]: neither was it master nor is the caller privileged.
    /// - [`MasterError::Leased`]: it is a lease, which is controlled by who gave it.
    /// - [`MasterError::RenderNode`], [`MasterError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SET_MASTER`.
    #[doc(alias = "drmSetMaster")]
    pub fn become_master(&self) -> Result<(), MasterError> {
        self.may_be_master()?;
        again(|| drm_ffi::auth::acquire_master(self.as_fd())).map(|_answer| ()).map_err(|errno| {
            match errno {
                Errno::BUSY => MasterError::AnotherMaster { who: Client::master_of(self) },
                Errno::ACCESS => MasterError::NotAllowed { who: Client::master_of(self) },
                Errno::INVAL => MasterError::Leased,
                errno => MasterError::Call { call: "DRM_IOCTL_SET_MASTER", errno },
            }
        })
    }

    /// Gives mastery up, so that another open file can become master. What the display shows stays
    /// until somebody changes it.
    ///
    /// # Errors
    /// - [`MasterError::NotMaster`]: it was not master.
    /// - [`MasterError::NotAllowed`]: neither was it ever.
    /// - [`MasterError::RenderNode`], [`MasterError::Call`].
    ///
    /// Spec: `DRM_IOCTL_DROP_MASTER`.
    #[doc(alias = "drmDropMaster")]
    pub fn drop_master(&self) -> Result<(), MasterError> {
        self.may_be_master()?;
        again(|| drm_ffi::auth::release_master(self.as_fd())).map(|_answer| ()).map_err(|errno| {
            match errno {
                Errno::INVAL => MasterError::NotMaster,
                Errno::ACCESS => MasterError::NotAllowed { who: Client::master_of(self) },
                errno => MasterError::Call { call: "DRM_IOCTL_DROP_MASTER", errno },
            }
        })
    }

    fn may_be_master(&self) -> Result<(), MasterError> {
        if self.kind() == NodeKind::Primary { Ok(()) } else { Err(MasterError::RenderNode) }
    }

    /// A token by which the master can authenticate this open file. Legacy: rendering needs no
    /// authentication on a render node ([`Node::sibling`]).
    ///
    /// # Errors
    /// [`MasterError::RenderNode`], [`MasterError::Call`].
    ///
    /// Spec: `DRM_IOCTL_GET_MAGIC`.
    #[doc(alias = "drmGetMagic")]
    pub fn auth_token(&self) -> Result<AuthToken, MasterError> {
        self.may_be_master()?;
        again(|| drm_ffi::auth::get_magic_token(self.as_fd()))
            .map(|answer| AuthToken(answer.magic))
            .map_err(|errno| MasterError::Call { call: "DRM_IOCTL_GET_MAGIC", errno })
    }

    /// As the master: lets the open file with this token use what needs authentication. A token is
    /// good once.
    ///
    /// # Errors
    /// - [`MasterError::NotMaster`]: only the master may.
    /// - [`MasterError::UnknownToken`]: nobody who opened the node under this master has it.
    /// - [`MasterError::RenderNode`], [`MasterError::Call`].
    ///
    /// Spec: `DRM_IOCTL_AUTH_MAGIC`.
    #[doc(alias = "drmAuthMagic")]
    pub fn authenticate(&self, token: AuthToken) -> Result<(), MasterError> {
        self.may_be_master()?;
        let authenticate = || drm_ffi::auth::auth_magic_token(self.as_fd(), token.0);
        again(authenticate).map(|_answer| ()).map_err(|errno| match errno {
            Errno::ACCESS => MasterError::NotMaster,
            Errno::INVAL => MasterError::UnknownToken,
            errno => MasterError::Call { call: "DRM_IOCTL_AUTH_MAGIC", errno },
        })
    }

    /// Whether this open file may use what needs authentication. The master is, and root's are.
    ///
    /// # Errors
    /// [`MasterError::Call`].
    ///
    /// Spec: `DRM_IOCTL_GET_CLIENT`.
    pub fn is_authenticated(&self) -> Result<bool, MasterError> {
        again(|| drm_ffi::get_client(self.as_fd(), 0))
            .map(|answer| answer.auth != 0)
            .map_err(|errno| MasterError::Call { call: "DRM_IOCTL_GET_CLIENT", errno })
    }
}

/// A number by which a master authenticates another open file of its node. Good once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "drm_magic_t")]
pub struct AuthToken(pub u32);

/// Why an open file is not master, or cannot do what a master can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MasterError {
    /// Another open file is master.
    #[error(
        "{} is master of the display: stop it, change to another virtual terminal, or have it lease \
         the outputs", named(who.as_ref())
    )]
    AnotherMaster {
        /// Who it is, where the system tells.
        who: Option<Client>,
    },
    /// Only an open file that was master before, or a privileged process, may become it.
    #[error(
        "not allowed: {} this open file was never master: open it while nobody is, get it from the \
         session manager (logind, seatd), or run with CAP_SYS_ADMIN",
        now(who.as_ref())
    )]
    NotAllowed {
        /// Who is master now, where the system tells.
        who: Option<Client>,
    },
    /// The open file is not master.
    #[error("this open file is not master: `become_master` first")]
    NotMaster,
    /// A lease has no mastery of its own.
    #[error("this open file is a lease: who gave it is master")]
    Leased,
    /// No open file has the token under this master.
    #[error("no open file has this token, or it was authenticated already")]
    UnknownToken,
    /// Render nodes have no master.
    #[error("a render node has no master: open the device's primary node (`sibling`)")]
    RenderNode,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

fn named(who: Option<&Client>) -> String {
    who.map_or_else(|| String::from("another process"), Client::to_string)
}

fn now(who: Option<&Client>) -> String {
    who.map_or_else(String::new, |who| format!("{who} is master now, and"))
}
