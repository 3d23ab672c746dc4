//! The keeper in the foreground, which this process executes in its own place.

use std::collections::HashMap;
use std::sync::Arc;

use daimon_core::{Cancel, Descriptor, Supervision, execute_keeper};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::plan::NativePlan;
use crate::waits::{NativeEvent, Waits};

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
        let plan = Cancel::new().and_then(|cancel| {
            self.shared.state().cancels.insert(wait, cancel.clone());
            plan.into_plan(cancel)
        });
        let (shared, payload) = (Arc::clone(&self.shared), payload.to_vec());
        let sockets = sockets.into_iter().map(|(name, fd)| (name, Descriptor::from(fd)));
        let supervision = Supervision { address: address.map(Into::into), sockets: sockets.collect() };
        self.spawn(wait, move || {
            let failed = plan.and_then(|plan| execute_keeper(&plan, &payload, &supervision));
            shared.emit(match failed {
                Ok(never) => match never {},
                Err(error) => NativeEvent::failed(wait, error),
            });
        });
        wait
    }
}
