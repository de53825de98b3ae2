#!/usr/bin/env bash
# Answers NEW_PASSWORD_REQUIRED with the AWS CLI, as AWS's own example does.
#
# Needs ENDPOINT (a running `local`) and SCRATCH (a folder). The pool is made for the test: like that of the example, it
# has no PreTokenGeneration. The template's pool has this trigger, which would reject the sign-in.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/aws-cli-rules.sh"

user=jane@example.com
temporary=Temp0rary!
lasting=L4sting!pw

main() {
    aws --version
    rule "a pool that tracks devices is made" make_pool
    pool=$(cat "$SCRATCH/new-password.pool") client=$(cat "$SCRATCH/new-password.client")
    rule "a temporary password asks for a lasting one" a_temporary_password_asks
    session=$(cat "$SCRATCH/new-password.session")
    rule "a weak password is refused" a_weak_password_is_refused
    rule "an invented session is refused" an_invented_session_is_refused
    rule "a lasting password gives tokens and a new device" a_lasting_password_gives_tokens
    rule "the session answers once" the_session_answers_once
    rule "the temporary password is of no use any more" the_temporary_password_is_gone
    [ $failures = 0 ]
}

cognito() {
    aws cognito-idp --endpoint-url "$ENDPOINT" "$@"
}

make_pool() {
    local pool client
    pool=$(cognito create-user-pool --pool-name new-password --query UserPool.Id --output text --device-configuration \
        ChallengeRequiredOnNewDevice=false,DeviceOnlyRememberedOnUserPrompt=false) &&
        client=$(cognito create-user-pool-client --user-pool-id "$pool" --client-name cli \
            --explicit-auth-flows ALLOW_USER_PASSWORD_AUTH ALLOW_REFRESH_TOKEN_AUTH \
            --query UserPoolClient.ClientId --output text) &&
        echo "$pool" >"$SCRATCH/new-password.pool" && echo "$client" >"$SCRATCH/new-password.client" &&
        cognito admin-create-user --user-pool-id "$pool" --username $user --temporary-password $temporary \
            --user-attributes Name=email,Value=$user --message-action SUPPRESS
}

initiate() {
    cognito initiate-auth --client-id "$client" --auth-flow USER_PASSWORD_AUTH \
        --auth-parameters "USERNAME=$user,PASSWORD=$1" "${@:2}"
}

respond() {
    cognito respond-to-auth-challenge --client-id "$client" --challenge-name NEW_PASSWORD_REQUIRED \
        --challenge-responses "USERNAME=$user,NEW_PASSWORD=$1" --session "$2" "${@:3}"
}

a_temporary_password_asks() {
    local reply
    reply=$(initiate $temporary --output text --query '[ChallengeName, ChallengeParameters.requiredAttributes, Session]') &&
        cut -f3 <<<"$reply" >"$SCRATCH/new-password.session" &&
        equal "$(cut -f1,2 <<<"$reply")" $'NEW_PASSWORD_REQUIRED\t[]'
}

a_weak_password_is_refused() {
    refused "(InvalidPasswordException)" respond password "$session"
}

an_invented_session_is_refused() {
    refused "Invalid session for the user." respond $lasting "$(printf 'A%.0s' {1..75})"
}

a_lasting_password_gives_tokens() {
    local reply
    reply=$(respond $lasting "$session" --output text \
        --query '[to_string(ChallengeParameters), join(`,`, sort(keys(AuthenticationResult))), to_string(AuthenticationResult.ExpiresIn), AuthenticationResult.TokenType, join(`,`, sort(keys(AuthenticationResult.NewDeviceMetadata)))]') &&
        equal "$reply" $'{}\tAccessToken,ExpiresIn,IdToken,NewDeviceMetadata,RefreshToken,TokenType\t3600\tBearer\tDeviceGroupKey,DeviceKey'
}

the_session_answers_once() {
    refused "Invalid session for the user, session can only be used once." respond $lasting "$session"
}

the_temporary_password_is_gone() {
    refused "Incorrect username or password." initiate $temporary &&
        equal "$(initiate $lasting --query AuthenticationResult.TokenType --output text)" Bearer
}

main
