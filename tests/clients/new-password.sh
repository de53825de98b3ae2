#!/usr/bin/env bash
# Answers NEW_PASSWORD_REQUIRED with the AWS CLI, as AWS's own example does.
#
# Needs ENDPOINT (a running `local`) and SCRATCH (a folder). The pool is made for the test.
set -uo pipefail

# Signed calls need credentials; `local` accepts any. Nothing of the user's own AWS configuration is read.
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL

user=jane@example.com
temporary=Temp0rary!
lasting=L4sting!pw
failures=0

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

rule() {
    local sentence=$1 why
    if why=$("$2" 2>&1); then
        echo "ok AWS CLI: $sentence"
    else
        echo "not ok AWS CLI: $sentence: $(tr '\n' ' ' <<<"$why")"
        failures=$((failures + 1))
    fi
}

cognito() {
    aws cognito-idp --endpoint-url "$ENDPOINT" "$@"
}

equal() {
    [ "$1" = "$2" ] || { echo "expected \`$2\`, got \`$1\`"; return 1; }
}

# Runs the command and looks for the words in how it fails.
refused() {
    local words=$1 output
    shift
    output=$("$@" 2>&1) && { echo "expected a refusal with \`$words\`, got \`$output\`"; return 1; }
    [[ $output == *"$words"* ]] || { echo "expected a refusal with \`$words\`, got \`$output\`"; return 1; }
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
