//! The numbers that fixed fields of management frames carry.

crate::open_enum! {
    /// The subtype of a management frame (802.11-2020 table 9-1).
    pub enum Subtype: u8 {
        /// Association Request.
        AssociationRequest = 0,
        /// Association Response.
        AssociationResponse = 1,
        /// Reassociation Request.
        ReassociationRequest = 2,
        /// Reassociation Response.
        ReassociationResponse = 3,
        /// Probe Request.
        ProbeRequest = 4,
        /// Probe Response.
        ProbeResponse = 5,
        /// Timing Advertisement.
        TimingAdvertisement = 6,
        /// Beacon.
        Beacon = 8,
        /// ATIM.
        Atim = 9,
        /// Disassociation.
        Disassociation = 10,
        /// Authentication.
        Authentication = 11,
        /// Deauthentication.
        Deauthentication = 12,
        /// Action.
        Action = 13,
        /// Action No Ack.
        ActionNoAck = 14,
    }
}

crate::open_enum! {
    /// How to authenticate (802.11-2020 9.4.1.1).
    pub enum AuthenticationAlgorithm: u16 {
        /// Open System.
        Open = 0,
        /// Shared Key, that is WEP.
        SharedKey = 1,
        /// Fast BSS transition.
        FastTransition = 2,
        /// Simultaneous authentication of equals.
        Sae = 3,
        /// FILS with a shared key, without perfect forward secrecy.
        FilsSharedKey = 4,
        /// FILS with a shared key and perfect forward secrecy.
        FilsSharedKeyPfs = 5,
        /// FILS with public keys.
        FilsPublicKey = 6,
        /// Pre-association security negotiation.
        Pasn = 7,
        /// LEAP, Cisco's.
        Leap = 128,
    }
}

crate::open_enum! {
    /// The answer to a request (802.11-2020 table 9-50, with those of 802.11be).
    pub enum StatusCode: u16 {
        /// Successful.
        Success = 0,
        /// Unspecified failure.
        UnspecifiedFailure = 1,
        /// TDLS wake-up schedule rejected, an alternative is provided.
        TdlsRejectedAlternativeProvided = 2,
        /// TDLS wake-up schedule rejected.
        TdlsRejected = 3,
        /// Security disabled.
        SecurityDisabled = 5,
        /// Unacceptable lifetime.
        UnacceptableLifetime = 6,
        /// Not in the same BSS.
        NotInSameBss = 7,
        /// Not all requested capabilities are supported.
        CapabilitiesMismatch = 10,
        /// Reassociation denied: the association could not be confirmed.
        NoAssociationExists = 11,
        /// Association denied for a reason outside of the standard.
        DeniedOtherReason = 12,
        /// The authentication algorithm is not supported.
        UnsupportedAuthenticationAlgorithm = 13,
        /// The transaction number is out of sequence.
        TransactionSequenceError = 14,
        /// The challenge, or the confirm of SAE, was wrong.
        ChallengeFailure = 15,
        /// The next frame of the sequence did not come in time.
        SequenceTimeout = 16,
        /// The AP has no room for more stations.
        DeniedNoMoreStas = 17,
        /// Basic rates are not supported.
        BasicRatesMismatch = 18,
        /// Short preamble is not supported.
        NoShortPreambleSupport = 19,
        /// Spectrum management is required.
        SpectrumManagementRequired = 22,
        /// The power capability is unacceptable.
        BadPowerCapability = 23,
        /// The supported channels are unacceptable.
        BadSupportedChannels = 24,
        /// Short slot time is not supported.
        NoShortSlotTimeSupport = 25,
        /// HT is not supported.
        DeniedNoHtSupport = 27,
        /// The R0 key holder is unreachable.
        R0khUnreachable = 28,
        /// PCO transition is not supported.
        DeniedPcoTimeNotSupported = 29,
        /// Rejected temporarily: try again after the comeback time.
        RefusedTemporarily = 30,
        /// The policy for robust management frames is violated.
        RobustManagementPolicyViolation = 31,
        /// Unspecified QoS failure.
        UnspecifiedQosFailure = 32,
        /// Bandwidth for another QoS station is missing.
        DeniedInsufficientBandwidth = 33,
        /// The channel is too poor.
        DeniedPoorChannelConditions = 34,
        /// QoS is not supported.
        DeniedQosNotSupported = 35,
        /// The request was declined.
        RequestDeclined = 37,
        /// Parameters of the request are invalid.
        InvalidParameters = 38,
        /// Rejected with suggested changes.
        RejectedWithSuggestedChanges = 39,
        /// An element is invalid.
        InvalidElement = 40,
        /// The group cipher is invalid.
        InvalidGroupCipher = 41,
        /// The pairwise cipher is invalid.
        InvalidPairwiseCipher = 42,
        /// The AKM is invalid.
        InvalidAkm = 43,
        /// The version of the RSNE is not supported.
        UnsupportedRsneVersion = 44,
        /// RSNE capabilities are invalid.
        InvalidRsneCapabilities = 45,
        /// The cipher suite is against the policy.
        CipherRejectedByPolicy = 46,
        /// The traffic stream might be created after the delay.
        RejectedForDelayPeriod = 47,
        /// Direct links are not allowed.
        DlsNotAllowed = 48,
        /// The destination is not in this BSS.
        NotPresent = 49,
        /// The destination is no QoS station.
        NotQosSta = 50,
        /// The listen interval is too large.
        DeniedListenIntervalTooLarge = 51,
        /// Invalid FT action frame count.
        InvalidFtActionFrameCount = 52,
        /// The PMKID is not known.
        InvalidPmkid = 53,
        /// The Mobility Domain element is invalid.
        InvalidMde = 54,
        /// The Fast BSS Transition element is invalid.
        InvalidFte = 55,
        /// The requested TCLAS processing is not supported.
        RequestedTclasNotSupported = 56,
        /// Not enough resources for TCLAS processing.
        InsufficientTclasProcessingResources = 57,
        /// Try another BSS.
        TryAnotherBss = 58,
        /// The GAS advertisement protocol is not supported.
        GasAdvertisementProtocolNotSupported = 59,
        /// No outstanding GAS request.
        NoOutstandingGasRequest = 60,
        /// No GAS response from the server.
        GasResponseNotReceivedFromServer = 61,
        /// Timeout while waiting for the GAS response.
        GasQueryTimeout = 62,
        /// The GAS response is too large.
        GasQueryResponseTooLarge = 63,
        /// The home network refuses.
        RejectedHomeWithSuggestedChanges = 64,
        /// The server is unreachable.
        ServerUnreachable = 65,
        /// Rejected by the SSPN.
        RejectedForSspPermissions = 67,
        /// No unauthenticated access.
        RefusedUnauthenticatedAccess = 68,
        /// The RSNE is invalid.
        InvalidRsne = 72,
        /// U-APSD coexistence is not supported.
        UapsdCoexistenceNotSupported = 73,
        /// The U-APSD coexistence mode is not supported.
        UapsdCoexistenceModeNotSupported = 74,
        /// Bad interval with U-APSD coexistence.
        BadIntervalWithUapsdCoexistence = 75,
        /// SAE: repeat the commit with this token.
        AntiCloggingTokenRequired = 76,
        /// SAE, OWE: the finite cyclic group is not supported.
        UnsupportedFiniteCyclicGroup = 77,
        /// No alternative TBTT.
        CannotFindAlternativeTbtt = 78,
        /// Transmission failure.
        TransmissionFailure = 79,
        /// The requested TCLAS is not supported.
        RequestedTclasNotSupportedHere = 80,
        /// TCLAS resources are exhausted.
        TclasResourcesExhausted = 81,
        /// Rejected, with BSSs to go to.
        RejectedWithSuggestedBssTransition = 82,
        /// Rejected with a schedule.
        RejectWithSchedule = 83,
        /// Rejected as no wake-up was specified.
        RejectNoWakeupSpecified = 84,
        /// Successful, in power save mode.
        SuccessPowerSaveMode = 85,
        /// An FST session is being admitted.
        PendingAdmittingFstSession = 86,
        /// FST is performed now.
        PerformingFstNow = 87,
        /// Gaps in the block ack window.
        PendingGapInBlockAckWindow = 88,
        /// The U-PID setting is rejected.
        RejectUpidSetting = 89,
        /// Refused for an external reason.
        RefusedExternalReason = 92,
        /// The AP is out of memory.
        RefusedApOutOfMemory = 93,
        /// Emergency services are not supported.
        RejectedEmergencyServicesNotSupported = 94,
        /// The response to the query is outstanding.
        QueryResponseOutstanding = 95,
        /// Rejected in this DSE band.
        RejectDseBand = 96,
        /// TCLAS processing terminated.
        TclasProcessingTerminated = 97,
        /// Traffic stream schedule conflict.
        TsScheduleConflict = 98,
        /// Denied, with a band and channel to go to.
        DeniedWithSuggestedBandAndChannel = 99,
        /// MCCAOP reservation conflict.
        MccaopReservationConflict = 100,
        /// MAF limit exceeded.
        MafLimitExceeded = 101,
        /// MCCA track limit exceeded.
        MccaTrackLimitExceeded = 102,
        /// Denied due to spectrum management.
        DeniedDueToSpectrumManagement = 103,
        /// VHT is not supported.
        DeniedVhtNotSupported = 104,
        /// Enablement denied.
        EnablementDenied = 105,
        /// Restriction from an authorized geolocation database.
        RestrictionFromAuthorizedGdb = 106,
        /// Authorization deenabled.
        AuthorizationDeenabled = 107,
        /// FILS authentication failed.
        FilsAuthenticationFailure = 112,
        /// The authentication server is unknown.
        UnknownAuthenticationServer = 113,
        /// Notification period allocation denied.
        DeniedNotificationPeriodAllocation = 116,
        /// Channel splitting denied.
        DeniedChannelSplitting = 117,
        /// Allocation denied.
        DeniedAllocation = 118,
        /// CMMG features are not supported.
        CmmgFeaturesNotSupported = 119,
        /// The GAS fragment is not available.
        GasFragmentNotAvailable = 120,
        /// The CAG version is the current one.
        SuccessCagVersionsMatch = 121,
        /// GLK is not authorized.
        GlkNotAuthorized = 122,
        /// SAE: the password identifier is not known.
        UnknownPasswordIdentifier = 123,
        /// HE is not supported.
        DeniedHeNotSupported = 124,
        /// SAE: the commit is of hash-to-element.
        SaeHashToElement = 126,
        /// SAE: the commit is of SAE-PK.
        SaePk = 127,
        /// A station of this MLD is associated already.
        DeniedStaAffiliatedWithAssociatedMld = 130,
        /// EPCS denied as the station is not authorized.
        EpcsDeniedUnauthorized = 131,
        /// EPCS denied.
        EpcsDenied = 132,
        /// The TID-to-link mapping is denied.
        DeniedTidToLinkMapping = 133,
        /// A preferred TID-to-link mapping is suggested.
        PreferredTidToLinkMappingSuggested = 134,
        /// EHT is not supported.
        DeniedEhtNotSupported = 135,
        /// OWE: the public key is invalid.
        InvalidPublicKey = 136,
        /// The base AKM of PASN failed.
        PasnBaseAkmFailed = 137,
        /// The operating channel information is not the one in use.
        OciMismatch = 138,
        /// The link of the frame was not accepted, so no other can be.
        DeniedTxLinkNotAccepted = 139,
        /// EPCS denied as the verification failed.
        EpcsDeniedVerificationFailure = 140,
        /// The update of operation parameters is denied.
        DeniedOperationParameterUpdate = 141,
    }
}

crate::open_enum! {
    /// Why an association or authentication ends (802.11-2020 table 9-49).
    pub enum ReasonCode: u16 {
        /// Unspecified.
        Unspecified = 1,
        /// The previous authentication is not valid any more.
        InvalidAuthentication = 2,
        /// The sender leaves and deauthenticates.
        LeavingDeauthenticated = 3,
        /// Inactivity.
        Inactivity = 4,
        /// The AP cannot handle all its stations.
        NoMoreStas = 5,
        /// A class 2 frame from a station that is not authenticated.
        InvalidClass2Frame = 6,
        /// A class 3 frame from a station that is not associated.
        InvalidClass3Frame = 7,
        /// The sender leaves and disassociates.
        LeavingDisassociated = 8,
        /// Association was asked for without authentication.
        NotAuthenticated = 9,
        /// The power capability is unacceptable.
        UnacceptablePowerCapability = 10,
        /// The supported channels are unacceptable.
        UnacceptableSupportedChannels = 11,
        /// BSS transition.
        BssTransitionDisassociation = 12,
        /// An element is invalid.
        InvalidElement = 13,
        /// A MIC was wrong.
        MicFailure = 14,
        /// The 4-way handshake took too long.
        FourWayHandshakeTimeout = 15,
        /// The group key handshake took too long.
        GroupKeyHandshakeTimeout = 16,
        /// An element of the 4-way handshake differs from the one of the (re)association or beacon.
        HandshakeElementMismatch = 17,
        /// The group cipher is invalid.
        InvalidGroupCipher = 18,
        /// The pairwise cipher is invalid.
        InvalidPairwiseCipher = 19,
        /// The AKM is invalid.
        InvalidAkm = 20,
        /// The version of the RSNE is not supported.
        UnsupportedRsneVersion = 21,
        /// RSNE capabilities are invalid.
        InvalidRsneCapabilities = 22,
        /// 802.1X authentication failed.
        Ieee8021xAuthenticationFailed = 23,
        /// The cipher suite is against the policy.
        CipherRejectedByPolicy = 24,
        /// TDLS peer unreachable.
        TdlsPeerUnreachable = 25,
        /// TDLS teardown, unspecified.
        TdlsUnspecified = 26,
        /// The SSP asked for it.
        SspRequestedDisassociation = 27,
        /// No roaming agreement with the SSP.
        NoSspRoamingAgreement = 28,
        /// Cipher or AKM are against the SSP's policy.
        BadCipherOrAkm = 29,
        /// Not authorized at this location.
        NotAuthorizedThisLocation = 30,
        /// A service change precludes the traffic stream.
        ServiceChangePrecludesTs = 31,
        /// Unspecified QoS reason.
        UnspecifiedQosReason = 32,
        /// Not enough bandwidth.
        NotEnoughBandwidth = 33,
        /// Too many frames need acknowledgment.
        MissingAcknowledgments = 34,
        /// The station exceeds its TXOP.
        ExceededTxop = 35,
        /// The station leaves.
        StaLeaving = 36,
        /// End of the traffic stream, block ack or direct link.
        EndTsBaDls = 37,
        /// Unknown traffic stream or block ack.
        UnknownTsBa = 38,
        /// Timeout.
        Timeout = 39,
        /// PeerKey mismatch.
        PeerkeyMismatch = 45,
        /// Initiated by the peer.
        PeerInitiated = 46,
        /// Initiated by the AP.
        ApInitiated = 47,
        /// Invalid FT action frame count.
        InvalidFtActionFrameCount = 48,
        /// The PMKID is not known.
        InvalidPmkid = 49,
        /// The Mobility Domain element is invalid.
        InvalidMde = 50,
        /// The Fast BSS Transition element is invalid.
        InvalidFte = 51,
        /// Mesh: peering cancelled.
        MeshPeeringCanceled = 52,
        /// Mesh: too many peers.
        MeshMaxPeers = 53,
        /// Mesh: against the configuration policy.
        MeshConfigurationPolicyViolation = 54,
        /// Mesh: close received.
        MeshCloseReceived = 55,
        /// Mesh: too many retries.
        MeshMaxRetries = 56,
        /// Mesh: confirm timeout.
        MeshConfirmTimeout = 57,
        /// Mesh: invalid GTK.
        MeshInvalidGtk = 58,
        /// Mesh: inconsistent parameters.
        MeshInconsistentParameters = 59,
        /// Mesh: invalid security capability.
        MeshInvalidSecurityCapability = 60,
        /// Mesh: no proxy information.
        MeshPathErrorNoProxyInformation = 61,
        /// Mesh: no forwarding information.
        MeshPathErrorNoForwardingInformation = 62,
        /// Mesh: destination unreachable.
        MeshPathErrorDestinationUnreachable = 63,
        /// Mesh: the MAC address is in use already.
        MacAddressAlreadyExistsInMbss = 64,
        /// Mesh: channel switch for regulatory requirements.
        MeshChannelSwitchRegulatoryRequirements = 65,
        /// Mesh: channel switch, unspecified.
        MeshChannelSwitchUnspecified = 66,
        /// The transmission link could not be established in the alternative channel.
        TransmissionLinkEstablishmentFailure = 67,
        /// The alternative channel is occupied.
        AlternativeChannelOccupied = 68,
        /// The signal is too poor.
        PoorRssiConditions = 71,
    }
}

bit_set! {
    /// The Capability Information field (802.11-2020 9.4.1.4).
    pub struct CapabilityInformation: u16 {
        /// An AP's BSS.
        ESS = 1 << 0,
        /// An independent BSS.
        IBSS = 1 << 1,
        /// Data is protected.
        PRIVACY = 1 << 4,
        /// Short preambles are allowed.
        SHORT_PREAMBLE = 1 << 5,
        /// This BSS, or another of the MLD, had a critical update (802.11be, before reserved).
        CRITICAL_UPDATE = 1 << 6,
        /// A nontransmitted BSS of the set had a critical update (802.11be).
        NONTRANSMITTED_CRITICAL_UPDATE = 1 << 7,
        /// Spectrum management is required.
        SPECTRUM_MANAGEMENT = 1 << 8,
        /// QoS.
        QOS = 1 << 9,
        /// Short slot time.
        SHORT_SLOT_TIME = 1 << 10,
        /// APSD.
        APSD = 1 << 11,
        /// Radio measurement.
        RADIO_MEASUREMENT = 1 << 12,
        /// EtherType protocol discrimination instead of LLC (before: DSSS-OFDM).
        EPD = 1 << 13,
        /// Delayed block ack.
        DELAYED_BLOCK_ACK = 1 << 14,
        /// Immediate block ack.
        IMMEDIATE_BLOCK_ACK = 1 << 15,
    }
}

/// The AID field as it stands in a frame; the two highest bits are set on the air (802.11-2020 9.4.1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssociationId(pub u16);

impl AssociationId {
    /// The field for this number, 1 to 2007.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number | 0xc000)
    }

    /// The number without the two highest bits.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0 & 0x3fff
    }
}

wrapped_field! { AuthenticationAlgorithm, StatusCode, ReasonCode, CapabilityInformation, AssociationId }
