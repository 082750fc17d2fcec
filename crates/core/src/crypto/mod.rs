//! Keys and what is done with them, over RustCrypto: nothing here is invented, all of it is checked
//! against published vectors.

pub mod arc4;
pub mod bip;
pub mod cbc;
pub mod fils;
pub mod ft;
pub mod kdf;
pub mod keys;
pub mod keywrap;
pub mod mic;
pub mod modp;
pub mod mpdu;
pub mod siv;
