//! The properties that CloudFormation defines for the resources that are read.

use super::shape::{Fields, Shape};

/// The properties of `AWS::Cognito::UserPool`.
pub(super) const USER_POOL: Fields = &[
    (
        "AccountRecoverySetting",
        Shape::Object(&[(
            "RecoveryMechanisms",
            Shape::List(&Shape::Object(&[
                (
                    "Name",
                    Shape::OneOf(&["admin_only", "verified_email", "verified_phone_number"]),
                ),
                ("Priority", Shape::Whole(1, 2)),
            ])),
        )]),
    ),
    (
        "AdminCreateUserConfig",
        Shape::Object(&[
            ("AllowAdminCreateUserOnly", Shape::Bool),
            (
                "InviteMessageTemplate",
                Shape::Object(&[
                    ("EmailMessage", Shape::Text),
                    ("EmailSubject", Shape::Text),
                    ("SMSMessage", Shape::Text),
                ]),
            ),
            ("UnusedAccountValidityDays", Shape::Whole(0, 365)),
        ]),
    ),
    (
        "AliasAttributes",
        Shape::List(&Shape::OneOf(&["email", "phone_number", "preferred_username"])),
    ),
    (
        "AutoVerifiedAttributes",
        Shape::List(&Shape::OneOf(&["email", "phone_number"])),
    ),
    ("DeletionProtection", Shape::OneOf(&["ACTIVE", "INACTIVE"])),
    (
        "DeviceConfiguration",
        Shape::Object(&[
            ("ChallengeRequiredOnNewDevice", Shape::Bool),
            ("DeviceOnlyRememberedOnUserPrompt", Shape::Bool),
        ]),
    ),
    ("EmailAuthenticationMessage", Shape::Text),
    ("EmailAuthenticationSubject", Shape::Text),
    (
        "EmailConfiguration",
        Shape::Object(&[
            ("ConfigurationSet", Shape::Text),
            ("EmailSendingAccount", Shape::OneOf(&["COGNITO_DEFAULT", "DEVELOPER"])),
            ("From", Shape::Text),
            ("ReplyToEmailAddress", Shape::Text),
            ("SourceArn", Shape::Text),
        ]),
    ),
    ("EmailVerificationMessage", Shape::Text),
    ("EmailVerificationSubject", Shape::Text),
    ("EnabledMfas", Shape::List(&Shape::Text)),
    (
        "IssuerConfiguration",
        Shape::Object(&[("Type", Shape::OneOf(&["ORIGINAL", "UPDATED"]))]),
    ),
    (
        "KeyConfiguration",
        Shape::Object(&[
            ("KeyType", Shape::OneOf(&["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KEY"])),
            ("KmsKeyArn", Shape::Text),
        ]),
    ),
    (
        "LambdaConfig",
        Shape::Object(&[
            ("CreateAuthChallenge", Shape::Text),
            (
                "CustomEmailSender",
                Shape::Object(&[("LambdaArn", Shape::Text), ("LambdaVersion", Shape::OneOf(&["V1_0"]))]),
            ),
            ("CustomMessage", Shape::Text),
            (
                "CustomSMSSender",
                Shape::Object(&[("LambdaArn", Shape::Text), ("LambdaVersion", Shape::OneOf(&["V1_0"]))]),
            ),
            ("DefineAuthChallenge", Shape::Text),
            (
                "InboundFederation",
                Shape::Object(&[("LambdaArn", Shape::Text), ("LambdaVersion", Shape::OneOf(&["V1_0"]))]),
            ),
            ("KMSKeyID", Shape::Text),
            ("PostAuthentication", Shape::Text),
            ("PostConfirmation", Shape::Text),
            ("PreAuthentication", Shape::Text),
            ("PreSignUp", Shape::Text),
            ("PreTokenGeneration", Shape::Text),
            (
                "PreTokenGenerationConfig",
                Shape::Object(&[
                    ("LambdaArn", Shape::Text),
                    ("LambdaVersion", Shape::OneOf(&["V1_0", "V2_0", "V3_0"])),
                ]),
            ),
            ("UserMigration", Shape::Text),
            ("VerifyAuthChallengeResponse", Shape::Text),
        ]),
    ),
    ("MfaConfiguration", Shape::OneOf(&["OFF", "ON", "OPTIONAL"])),
    (
        "Policies",
        Shape::Object(&[
            (
                "PasswordPolicy",
                Shape::Object(&[
                    ("MinimumLength", Shape::Whole(6, 99)),
                    ("PasswordHistorySize", Shape::Whole(0, 24)),
                    ("RequireLowercase", Shape::Bool),
                    ("RequireNumbers", Shape::Bool),
                    ("RequireSymbols", Shape::Bool),
                    ("RequireUppercase", Shape::Bool),
                    ("TemporaryPasswordValidityDays", Shape::Whole(0, 365)),
                ]),
            ),
            (
                "SignInPolicy",
                Shape::Object(&[(
                    "AllowedFirstAuthFactors",
                    Shape::List(&Shape::OneOf(&[
                        "EMAIL_OTP",
                        "PASSWORD",
                        "SMS_OTP",
                        "SOFTWARE_TOKEN",
                        "WEB_AUTHN",
                    ])),
                )]),
            ),
        ]),
    ),
    (
        "Schema",
        Shape::List(&Shape::Object(&[
            (
                "AttributeDataType",
                Shape::OneOf(&["Boolean", "DateTime", "Number", "String"]),
            ),
            ("DeveloperOnlyAttribute", Shape::Bool),
            ("Mutable", Shape::Bool),
            ("Name", Shape::Text),
            (
                "NumberAttributeConstraints",
                Shape::Object(&[("MaxValue", Shape::Text), ("MinValue", Shape::Text)]),
            ),
            ("Required", Shape::Bool),
            (
                "StringAttributeConstraints",
                Shape::Object(&[("MaxLength", Shape::Text), ("MinLength", Shape::Text)]),
            ),
        ])),
    ),
    ("SmsAuthenticationMessage", Shape::Text),
    (
        "SmsConfiguration",
        Shape::Object(&[
            (
                "EumsSms",
                Shape::Object(&[
                    ("CallerArn", Shape::Text),
                    ("ConfigurationSetName", Shape::Text),
                    ("ExternalId", Shape::Text),
                    ("InEntityId", Shape::Text),
                    ("InTemplateId", Shape::Text),
                    ("OriginationIdentity", Shape::Text),
                    ("Region", Shape::Text),
                ]),
            ),
            ("ExternalId", Shape::Text),
            ("SnsCallerArn", Shape::Text),
            ("SnsRegion", Shape::Text),
        ]),
    ),
    ("SmsVerificationMessage", Shape::Text),
    (
        "UserAttributeUpdateSettings",
        Shape::Object(&[(
            "AttributesRequireVerificationBeforeUpdate",
            Shape::List(&Shape::OneOf(&["email", "phone_number"])),
        )]),
    ),
    (
        "UserPoolAddOns",
        Shape::Object(&[
            (
                "AdvancedSecurityAdditionalFlows",
                Shape::Object(&[("CustomAuthMode", Shape::OneOf(&["AUDIT", "ENFORCED"]))]),
            ),
            ("AdvancedSecurityMode", Shape::OneOf(&["AUDIT", "ENFORCED", "OFF"])),
        ]),
    ),
    ("UserPoolName", Shape::Text),
    ("UserPoolTags", Shape::Each(&Shape::Text)),
    ("UserPoolTier", Shape::OneOf(&["ESSENTIALS", "LITE", "PLUS"])),
    (
        "UsernameAttributes",
        Shape::List(&Shape::OneOf(&["email", "phone_number"])),
    ),
    (
        "UsernameConfiguration",
        Shape::Object(&[("CaseSensitive", Shape::Bool)]),
    ),
    (
        "VerificationMessageTemplate",
        Shape::Object(&[
            (
                "DefaultEmailOption",
                Shape::OneOf(&["CONFIRM_WITH_CODE", "CONFIRM_WITH_LINK"]),
            ),
            ("EmailMessage", Shape::Text),
            ("EmailMessageByLink", Shape::Text),
            ("EmailSubject", Shape::Text),
            ("EmailSubjectByLink", Shape::Text),
            ("SmsMessage", Shape::Text),
        ]),
    ),
    (
        "WebAuthnFactorConfiguration",
        Shape::OneOf(&["MULTI_FACTOR_WITH_USER_VERIFICATION", "SINGLE_FACTOR"]),
    ),
    ("WebAuthnRelyingPartyID", Shape::Text),
    ("WebAuthnUserVerification", Shape::Text),
];

/// The properties of `AWS::Cognito::UserPoolClient`.
pub(super) const USER_POOL_CLIENT: Fields = &[
    ("AccessTokenValidity", Shape::Whole(1, 86_400)),
    (
        "AllowedOAuthFlows",
        Shape::List(&Shape::OneOf(&["client_credentials", "code", "implicit"])),
    ),
    ("AllowedOAuthFlowsUserPoolClient", Shape::Bool),
    ("AllowedOAuthScopes", Shape::List(&Shape::Text)),
    (
        "AnalyticsConfiguration",
        Shape::Object(&[
            ("ApplicationArn", Shape::Text),
            ("ApplicationId", Shape::Text),
            ("ExternalId", Shape::Text),
            ("RoleArn", Shape::Text),
            ("UserDataShared", Shape::Bool),
        ]),
    ),
    ("AuthSessionValidity", Shape::Whole(3, 15)),
    ("CallbackURLs", Shape::List(&Shape::Text)),
    ("ClientName", Shape::Text),
    ("DefaultRedirectURI", Shape::Text),
    ("EnablePropagateAdditionalUserContextData", Shape::Bool),
    ("EnableTokenRevocation", Shape::Bool),
    (
        "ExplicitAuthFlows",
        Shape::List(&Shape::OneOf(&[
            "ADMIN_NO_SRP_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_CUSTOM_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
            "ALLOW_USER_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "CUSTOM_AUTH_FLOW_ONLY",
            "USER_PASSWORD_AUTH",
        ])),
    ),
    ("GenerateSecret", Shape::Bool),
    ("IdTokenValidity", Shape::Whole(1, 86_400)),
    ("LogoutURLs", Shape::List(&Shape::Text)),
    ("PreventUserExistenceErrors", Shape::OneOf(&["ENABLED", "LEGACY"])),
    ("ReadAttributes", Shape::List(&Shape::Text)),
    (
        "RefreshTokenRotation",
        Shape::Object(&[
            ("Feature", Shape::OneOf(&["DISABLED", "ENABLED"])),
            ("RetryGracePeriodSeconds", Shape::Whole(0, 60)),
        ]),
    ),
    ("RefreshTokenValidity", Shape::Whole(1, 315_360_000)),
    ("SupportedIdentityProviders", Shape::List(&Shape::Text)),
    (
        "TokenValidityUnits",
        Shape::Object(&[
            ("AccessToken", Shape::OneOf(&["days", "hours", "minutes", "seconds"])),
            ("IdToken", Shape::OneOf(&["days", "hours", "minutes", "seconds"])),
            ("RefreshToken", Shape::OneOf(&["days", "hours", "minutes", "seconds"])),
        ]),
    ),
    ("UserPoolId", Shape::Text),
    ("WriteAttributes", Shape::List(&Shape::Text)),
];

/// The properties of `AWS::Lambda::Permission`.
pub(super) const PERMISSION: Fields = &[
    ("Action", Shape::Text),
    ("EventSourceToken", Shape::Text),
    ("FunctionName", Shape::Text),
    ("FunctionUrlAuthType", Shape::OneOf(&["AWS_IAM", "NONE"])),
    ("InvokedViaFunctionUrl", Shape::Bool),
    ("Principal", Shape::Text),
    ("PrincipalOrgID", Shape::Text),
    ("SourceAccount", Shape::Text),
    ("SourceArn", Shape::Text),
];
