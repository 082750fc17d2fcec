//! Group 5 of Diffie-Hellman (RFC 3526 2): 1,536 bits, generator 2. WSC has no other; it is weak by today's
//! measure, and nothing else uses it.

use crate::{Entropy, Secret};
use alloc::vec;
use core::fmt;
use crypto_bigint::{
    NonZero, U1536, const_monty_params,
    modular::{ConstMontyForm, ConstMontyParams},
};

const_monty_params!(
    Modp1536,
    U1536,
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA237327FFFFFFFFFFFFFFFF"
);

type Form = ConstMontyForm<Modp1536, { U1536::LIMBS }>;

/// The octets of a value.
pub const OCTETS: usize = 192;

/// A private value and its public one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyPair {
    private: Secret,
    public: [u8; OCTETS],
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").finish_non_exhaustive()
    }
}

impl KeyPair {
    /// A fresh pair.
    pub fn random(entropy: &mut dyn Entropy) -> Self {
        let mut private = vec![0; OCTETS];
        entropy.fill(&mut private);
        Self::of(Secret::from_vec(private))
    }

    /// The pair of this private value, big endian; octets in front of the last 192 do not count.
    #[must_use]
    pub fn of(private: Secret) -> Self {
        let public = Form::new(&U1536::from_u8(2)).pow(&number(private.expose())).retrieve();
        Self { private, public: octets(&public) }
    }

    /// The public value, big endian.
    #[must_use]
    pub const fn public(&self) -> &[u8; OCTETS] {
        &self.public
    }

    /// The common secret, big endian and 192 octets long; nothing if the other's value is 0, 1, or not below the
    /// prime less one: everybody could guess the secret.
    #[must_use]
    pub fn shared(&self, other: &[u8; OCTETS]) -> Option<Secret> {
        let modulus: &NonZero<U1536> = Modp1536::PARAMS.modulus().as_nz_ref();
        let (one, other) = (U1536::ONE, U1536::from_be_slice(other));
        let last = modulus.get().wrapping_sub(&one);
        if other <= one || other >= last {
            return None;
        }
        let shared = Form::new(&other).pow(&number(self.private.expose())).retrieve();
        Some(Secret::new(&octets(&shared)))
    }
}

fn number(octets: &[u8]) -> U1536 {
    let mut padded = [0; OCTETS];
    padded.iter_mut().rev().zip(octets.iter().rev()).for_each(|(to, from)| *to = *from);
    U1536::from_be_slice(&padded)
}

fn octets(number: &U1536) -> [u8; OCTETS] {
    let mut out = [0; OCTETS];
    out.iter_mut().zip(number.to_be_bytes().as_ref()).for_each(|(to, from)| *to = *from);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn both_find_the_same_secret_and_nobody_a_guessable_one() {
        let mut entropy = SeededEntropy(5);
        let [a, b] = [(); 2].map(|()| KeyPair::random(&mut entropy));
        assert!(a.public() != b.public());
        let shared = a.shared(b.public()).unwrap();
        assert!(b.shared(a.public()).unwrap() == shared);
        let prime = octets(Modp1536::PARAMS.modulus().as_ref());
        let mut last = prime;
        last[OCTETS - 1] -= 1;
        let mut one = [0; OCTETS];
        one[OCTETS - 1] = 1;
        for bad in [[0; OCTETS], one, last, prime, [0xff; OCTETS]] {
            assert!(a.shared(&bad).is_none());
        }
        one[OCTETS - 1] = 2;
        assert!(a.shared(&one).unwrap().expose() == a.public());
    }
}
