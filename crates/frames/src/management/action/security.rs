//! SA Query.

use alloc::vec::Vec;

fields! {
    /// The body of an SA Query Request or Response.
    pub struct SaQuery {
        /// What tells one query from another: the response repeats it.
        transaction: [u8; 2],
        /// The elements: Operating Channel Information if that is validated.
        elements: Vec<u8>,
    }
}

has_elements!(SaQuery);
