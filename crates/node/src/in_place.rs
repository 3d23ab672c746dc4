//! The keeper in the foreground, which this process executes in its own place.

use std::collections::HashMap;
use std::sync::Arc;

use daimon_core::{Descriptor, Supervision, execute_keeper};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::plan::NativePlan;
use crate::waits::Waits;

#[napi]
impl Waits {
    /// Executes the plan's keeper in the place of this process, with the sockets of its supervisor by their names, and
    /// the address at which that wants to hear from its service. Event `failed`, or none: this process is the keeper
    /// then. `cancel_lock` ends its wait for the lock.
    #[napi]
    pub fn execute_keeper(
        &self,
        plan: NativePlan,
        payload: Buffer,
        sockets: HashMap<String, i32>,
        address: Option<String>,
    ) -> u32 {
        let wait = self.next();
        let plan = self.cancellable(wait).and_then(|cancel| plan.into_plan(cancel));
        let (shared, payload) = (Arc::clone(&self.shared), payload.to_vec());
        let sockets = sockets.into_iter().map(|(name, fd)| (name, Descriptor::from(fd)));
        let supervision = Supervision { address: address.map(Into::into), sockets: sockets.collect() };
        let work = move || {
            let failed = plan.and_then(|plan| execute_keeper(&plan, &payload, &supervision));
            shared.emit_end(wait, failed.map(|never| match never {}));
        };
        self.spawn(wait, Box::new(work));
        wait
    }
}
