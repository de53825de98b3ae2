"""Open questions about Cognito that no documentation answers: one row each, tried with the puppet.

A row makes the calls of a client and records the results. The events of the functions are read at the end.
"""

import base64
import concurrent.futures
import datetime
import hashlib
import hmac
import struct
import time

from pycognito import aws_srp

from signing_in import answer, by_password, respond, shown, start, tried
from worlds import PASSWORD

ROWS = []


def row(question):
    """Adds a row. The function's name is its id."""

    def add(function):
        ROWS.append((function.__name__, question, function))
        return function

    return add


@row("Define says issueTokens and failAuthentication at once")
def both_true(world):
    return shown(signed(world, "both-true"))


@row("Define names no challenge, an unknown one, or an empty one")
def unknown_challenge(world):
    return {name: shown(signed(world, name)) for name in ("next-null", "next-empty", "next-unheard_of")}


@row("Verify says null for answerCorrect")
def null_answer(world):
    reply = signed(world, "null-answer")
    return shown(answer(world.puppet, "null-answer", reply, "right"))


@row("A function adds nulls to the request of the event")
def null_request(world):
    return shown(signed(world, "null-request"))


@row("Define is called after a wrong password by SRP")
def wrong_password(world):
    world.user(world.puppet, "wrong-password")
    return shown(by_password(world.puppet, "wrong-password", "N0t-this-password!"))


@row("The events of a nonexistent user")
def nonexistent(world):
    reply = start(world.puppet, "nonexistent")
    again = answer(world.puppet, "nonexistent", reply, "right") if "Session" in reply else {}
    return [shown(reply), shown(again)]


@row("Define is called after an authenticator app")
def after_totp(world):
    cognito, pool, _ = world.puppet
    tokens = right(world, "after-totp")
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
    )
    try:
        secret = cognito.associate_software_token(AccessToken=tokens["AccessToken"])["SecretCode"]
        # A code signs in only once, here too.
        enrolled = tried(cognito.verify_software_token, AccessToken=tokens["AccessToken"], UserCode=totp(secret, 0))
        chosen = {"Enabled": True, "PreferredMfa": True}
        cognito.admin_set_user_mfa_preference(UserPoolId=pool, Username="after-totp", SoftwareTokenMfaSettings=chosen)
        reply = by_password(world.puppet, "after-totp")
        after = {}
        if reply.get("ChallengeName") == "SOFTWARE_TOKEN_MFA":
            after = respond(world.puppet, "after-totp", reply, {"SOFTWARE_TOKEN_MFA_CODE": totp(secret, 1)})
        return {"enrolled": shown(enrolled), "after the password": shown(reply), "after the code": shown(after)}
    finally:
        cognito.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration="OFF")


@row("Define chooses one of Cognito's own challenges")
def own_challenges(world):
    names = ("next-sms_mfa", "next-email_otp", "next-software_token_mfa", "next-srp_a", "next-password_verifier")
    return {name[5:].upper(): shown(signed(world, name)) for name in names}


@row("How large the parameters of a challenge may be")
def size_limit(world):
    sizes = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 400_000, 1_000_000)
    found = {}
    for size in sizes:
        reply = signed(world, f"size-{size}")
        found[size] = "asked" if "Session" in reply else shown(reply)
    return found


@row("Cognito locks out after wrong answers to custom challenges")
def lockout(world):
    reply = signed(world, "lockout")
    for _ in range(10):
        if "Session" not in reply:
            return shown(reply)
        reply = answer(world.puppet, "lockout", reply, "wrong")
    return shown(answer(world.puppet, "lockout", reply, "right"))


@row("How wrong the TIMESTAMP of a client's clock may be")
def clock_skew(world):
    world.user(world.puppet, "clock-skew")
    found = {}
    for minutes in (0, -4, 4, -6, 6, -60, 60, -1440, 1440):
        time_of_client = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
        text = aws_srp.AWSSRP.get_cognito_formatted_timestamp(time_of_client)
        reply = by_password(world.puppet, "clock-skew", timestamp=text)
        found[f"{minutes:+} minutes"] = reply.get("Message", reply.get("ChallengeName", "tokens"))
    return found


@row("PreAuthentication is called for a sign-in without a password")
def pre_authentication(world):
    return shown(signed(world, "pre-authentication"))


@row("The parameters of DEVICE_SRP_AUTH")
def device_srp_auth(world):
    cognito, _, _ = world.puppet
    world.user(world.puppet, "device")
    reply = by_password(world.puppet, "device", flow="USER_SRP_AUTH")
    device = reply.get("AuthenticationResult", {}).get("NewDeviceMetadata")
    if not device:
        return {"no device": shown(reply)}
    _, verifier = aws_srp.generate_hash_device(device["DeviceGroupKey"], device["DeviceKey"])
    cognito.confirm_device(
        AccessToken=reply["AuthenticationResult"]["AccessToken"],
        DeviceKey=device["DeviceKey"],
        DeviceSecretVerifierConfig=verifier,
    )
    parameters = {"PASSWORD": PASSWORD, "DEVICE_KEY": device["DeviceKey"]}
    asked = start(world.puppet, "device", parameters, "USER_PASSWORD_AUTH")
    return {"ChallengeName": asked.get("ChallengeName"), "ChallengeParameters": sorted(asked.get("ChallengeParameters", {}))}


@row("The HTTP status of throttling")
def throttling(world):
    cognito, pool, _ = world.puppet
    # At most 240 calls of an operation that changes nothing.
    with concurrent.futures.ThreadPoolExecutor(24) as pool_of_threads:
        calls = [pool_of_threads.submit(tried, cognito.list_users, UserPoolId=pool, Limit=1) for _ in range(240)]
        replies = [call.result() for call in calls]
    refused = [(each["Code"], each["HTTPStatusCode"], each["Message"]) for each in replies if "Code" in each]
    return sorted(map(list, set(refused))) or "not throttled in 240 calls"


def signed(world, name):
    """Creates a user and starts a sign-in without a password."""
    world.user(world.puppet, name)
    return start(world.puppet, name)


def right(world, name):
    """Returns the tokens of a new user."""
    reply = answer(world.puppet, name, signed(world, name), "right")
    return reply["AuthenticationResult"]


def totp(secret, steps):
    """Returns the code of an authenticator app (RFC 6238), `steps` of 30 seconds from now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30 + steps), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"
