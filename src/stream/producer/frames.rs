#![warn(clippy::arithmetic_side_effects)]
//! The way of a buffer from the pool to the consumers.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::AcquireError;
use super::Acquired;
use super::Fencing;
use super::NotSubmitted;
use super::Producer;
use super::SubmitError;
use super::carry::Until;
use super::fencing::Fence;
use crate::allocator::AllocateError;
use crate::ipc::Ready;
use crate::stream::clock::after;
use crate::stream::clock::now_ns;
use crate::stream::protocol::producer as machine;
use crate::stream::protocol::producer::Picture;
use crate::sync::Direction;

impl Producer {
    /// Takes a free buffer to write to. Never blocks.
    ///
    /// If none is free, consumers that have held a frame for longer than the policy allows are sent
    /// away, when a dispatch has found nothing that they have released meanwhile. If then none is
    /// either, the producer's file descriptor becomes readable when it is worth another try, and
    /// [`Producer::dispatch`] is due.
    ///
    /// # Errors
    /// See [`AcquireError`].
    pub fn acquire(&mut self) -> Result<Acquired, AcquireError> {
        self.cancel_dropped();
        let acquired = self.acquire_now();
        if let Err(AcquireError::NoneFree { until_ns }) = acquired {
            self.retry_at_ns = until_ns;
            self.rest()?;
        }
        acquired
    }

    /// As [`Producer::acquire`], dispatching until a buffer is free or there is a consumer at all,
    /// at most for `timeout`. Blocks.
    ///
    /// It dispatches at least once, so that who calls nothing else still hears of releases.
    ///
    /// # Errors
    /// See [`AcquireError`]: what kept it until the end.
    pub fn acquire_timeout(&mut self, timeout: Duration) -> Result<Acquired, AcquireError> {
        let mut end_ns = None;
        loop {
            let wait = match self.machine.acquirable_from_ns() {
                // Nobody waits, and it does not matter what time it is.
                Some(0) => Duration::ZERO,
                from_ns => {
                    let now_ns = now_ns();
                    let end_ns = *end_ns.get_or_insert(after(now_ns, timeout));
                    let next_ns = from_ns.unwrap_or(u64::MAX).min(end_ns);
                    Duration::from_nanos(next_ns.saturating_sub(now_ns))
                }
            };
            self.turn(wait, Until::Released)?;
            match self.acquire_now() {
                Err(AcquireError::NoneFree { .. } | AcquireError::NotConfigured) => {}
                done => return done,
            }
            if end_ns.is_some_and(|end_ns| now_ns() >= end_ns) {
                return self.acquire();
            }
        }
    }

    fn acquire_now(&mut self) -> Result<Acquired, AcquireError> {
        let late_from_ns = self.machine.acquirable_from_ns().filter(|from_ns| *from_ns > 0);
        // Where nobody can be late it does not matter what time it is.
        let now_ns = late_from_ns.map_or(0, |_| now_ns());
        if late_from_ns.is_some_and(|from_ns| from_ns <= now_ns) {
            // Who would have to leave may only not have been heard.
            self.turn(Duration::ZERO, Until::Idle)?;
        }
        if self.format().is_none() {
            return Err(AcquireError::NotConfigured);
        }
        let acquired = self.machine.acquire(now_ns);
        self.carry();
        match acquired {
            Ok(acquired) => {
                let none = AcquireError::NoneFree { until_ns: None };
                let image = self.images.get(acquired.buffer).cloned().ok_or(none)?;
                Ok(Acquired::new(acquired, image, Arc::clone(&self.returned)))
            }
            Err(machine::AcquireError::NoneFree { until_ns }) => {
                Err(AcquireError::NoneFree { until_ns })
            }
        }
    }

    /// Gives a buffer back without a frame in it.
    pub fn cancel(&mut self, acquired: Acquired) {
        if acquired.is_of(&self.returned) {
            self.machine.cancel(acquired.buffer());
            acquired.defuse();
            self.carry();
        }
    }

    /// Puts a new buffer in the place of one that should not be written to: because it is
    /// [tainted](Acquired::is_tainted), or because a fence of its readers does not signal. Acquire
    /// another one then. Whoever reads the old one goes on undisturbed.
    ///
    /// # Errors
    /// See [`AllocateError`]. The buffer is free again then, as if it had been cancelled.
    pub fn replace(&mut self, acquired: Acquired) -> Result<(), AllocateError> {
        let request = self.agreed.as_ref().map(|(_, request)| request);
        let is_ours = acquired.is_of(&self.returned);
        let Some(request) = request.filter(|_| is_ours) else { return Ok(()) };
        let image = self.negotiator.allocate(request)?;
        let buffer = acquired.buffer();
        // One of a former format is replaced already.
        let is_current = self.machine.is_live(buffer);
        self.machine.retire(buffer);
        self.cancel(acquired);
        if is_current {
            self.images.push_spare(image);
            self.use_spare();
            self.carry();
        }
        Ok(())
    }

    /// Sends the frame in a buffer to all consumers, and returns its serial. Its pixels are ready
    /// when `ready` says so; a fence stays the caller's. [`Producer::fencing`] says whether there
    /// can be one.
    ///
    /// Never blocks: each consumer gets the frame now or when it has room, or misses it, as the
    /// policy says.
    ///
    /// # Errors
    /// See [`SubmitError`]. The buffer is in the error, and still the caller's.
    pub fn submit(
        &mut self,
        acquired: Acquired,
        ready: Ready<'_>,
        picture: Picture,
    ) -> Result<NonZeroU64, NotSubmitted> {
        let done = self.submit_now(acquired, ready, &picture);
        if let Err(NotSubmitted { reason: SubmitError::WouldBlock { until_ns }, .. }) = &done {
            self.retry_at_ns = Some(*until_ns);
            self.rest_or_log();
        }
        done
    }

    /// As [`Producer::submit`], dispatching while a consumer that must not miss the frame has no
    /// room for it ([`Overflow::Block`](crate::stream::Overflow)), at most for `timeout`. Blocks.
    ///
    /// # Errors
    /// See [`SubmitError`]; [`SubmitError::WouldBlock`] at the end of `timeout`.
    pub fn submit_timeout(
        &mut self,
        acquired: Acquired,
        ready: Ready<'_>,
        picture: Picture,
        timeout: Duration,
    ) -> Result<NonZeroU64, NotSubmitted> {
        let end_ns = after(now_ns(), timeout);
        let mut acquired = acquired;
        loop {
            let refused = match self.submit_now(acquired, ready, &picture) {
                Err(refused) => refused,
                done => return done,
            };
            let (until_ns, again) = match refused {
                NotSubmitted {
                    reason: SubmitError::WouldBlock { until_ns },
                    acquired: Some(again),
                } => (until_ns, again),
                refused => return Err(refused),
            };
            let now_ns = now_ns();
            if now_ns >= end_ns {
                return self.submit(again, ready, picture);
            }
            let wait = Duration::from_nanos(until_ns.min(end_ns).saturating_sub(now_ns));
            if let Err(error) = self.turn(wait, Until::Idle) {
                return Err(NotSubmitted { reason: error.into(), acquired: Some(again) });
            }
            acquired = again;
        }
    }

    fn submit_now(
        &mut self,
        acquired: Acquired,
        ready: Ready<'_>,
        picture: &Picture,
    ) -> Result<NonZeroU64, NotSubmitted> {
        let now_ns = now_ns();
        if self.machine.next_deadline_ns().is_some_and(|until_ns| until_ns <= now_ns) {
            // Who would have to leave may only not have been heard.
            if let Err(error) = self.turn(Duration::ZERO, Until::Idle) {
                return Err(NotSubmitted { reason: error.into(), acquired: Some(acquired) });
            }
        }
        let submitted = match self.fence_for(&acquired, ready) {
            Err(reason) => Err(reason),
            Ok(fence) => {
                let buffer = acquired.buffer();
                let submitted = self.machine.submit_picture(buffer, picture, fence, now_ns);
                self.carry();
                submitted.map_err(reason_of)
            }
        };
        match submitted {
            Ok(serial) => {
                acquired.defuse();
                Ok(serial)
            }
            Err(SubmitError::Retired) => {
                acquired.defuse();
                Err(NotSubmitted { reason: SubmitError::Retired, acquired: None })
            }
            Err(reason) => Err(NotSubmitted { reason, acquired: Some(acquired) }),
        }
    }

    /// The fence that the frame is sent with, which the buffer has too where somebody needs that.
    fn fence_for(
        &self,
        acquired: &Acquired,
        ready: Ready<'_>,
    ) -> Result<Option<Fence>, SubmitError> {
        if !acquired.is_of(&self.returned) {
            return Err(SubmitError::Foreign);
        }
        let Ready::Fence(fence) = ready else { return Ok(None) };
        match self.fencing() {
            Fencing::Finished => return Err(SubmitError::Fence),
            Fencing::Attached => {
                let attached = fence.import_into(acquired.image(), Direction::Write);
                attached.map_err(SubmitError::Attach)?;
            }
            Fencing::Explicit => {}
        }
        let sync_file = fence.try_clone();
        let call = "fcntl(F_DUPFD_CLOEXEC)";
        let sync_file = sync_file.map_err(|errno| SubmitError::Call { call, errno })?;
        Ok(Some(Fence { from: None, sync_file }))
    }
}

fn reason_of(error: machine::SubmitError) -> SubmitError {
    match error {
        machine::SubmitError::NotAcquired { .. } => SubmitError::Foreign,
        machine::SubmitError::Retired { .. } => SubmitError::Retired,
        machine::SubmitError::Damage => SubmitError::Damage,
        machine::SubmitError::Fence => SubmitError::Fence,
        machine::SubmitError::WouldBlock { until_ns } => SubmitError::WouldBlock { until_ns },
        machine::SubmitError::Exhausted => SubmitError::Exhausted,
    }
}
