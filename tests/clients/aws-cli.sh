#!/usr/bin/env bash
# Signs in with the AWS CLI, whose `cognito-idp` commands cannot do SRP: the pool is the one without a password step.
#
# Needs ENDPOINT (a running `local --debug-answers`) and SCRATCH (a folder).
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/aws-cli-rules.sh"

here=$(dirname "${BASH_SOURCE[0]}")
client=localclientnopassword00000
pool=us-east-1_NoPassword
reply=$SCRATCH/aws-cli.json

main() {
    aws --version
    rule "the documentation's lines sign in" the_documented_lines_sign_in
    rule "a sign-in starts with the captcha, step 1 of 2" starts_with_the_captcha
    rule "a wrong captcha is asked again with one try less" a_wrong_captcha_is_asked_again
    rule "the right captcha leads to the security question" the_right_captcha_leads_on
    rule "the right answer leads to three tokens" the_right_answer_leads_to_tokens
    rule "a session answers once" a_session_answers_once
    rule "a third wrong captcha ends the sign-in" a_third_wrong_captcha_ends_it
    rule "a pool that wants a password refuses to start without" no_password_no_start
    rule "an unknown client is named" an_unknown_client_is_named
    rule "a user made by an admin is found again" a_user_made_by_an_admin_is_found_again
    rule "a function can be invoked by itself" a_function_can_be_invoked
    rule "a function answers with the event it was given" a_function_returns_its_event
    [ $failures = 0 ]
}

cognito() {
    aws cognito-idp --endpoint-url "$ENDPOINT" --output json "$@"
}

start() {
    cognito initiate-auth --auth-flow CUSTOM_AUTH --client-id $client --auth-parameters USERNAME=demo >"$reply"
}

# The session is from the last reply, and the next reply replaces it.
answer() {
    local session
    session=$(field Session)
    cognito respond-to-auth-challenge --client-id $client --challenge-name CUSTOM_CHALLENGE \
        --session "$session" --challenge-responses "USERNAME=demo,ANSWER=$1" >"$reply.next" && mv "$reply.next" "$reply"
}

captcha_answer() {
    curl --silent --fail --get --data-urlencode "session=$(field Session)" "$ENDPOINT/debug/answer" |
        python -c 'import json, sys; print(json.load(sys.stdin)["privateChallengeParameters"]["answer"])'
}

security_answer() {
    case $(field ChallengeParameters questionId) in
    first-pet) echo Peccy ;;
    birth-city) echo Seattle ;;
    first-teacher) echo Ms Ada ;;
    *) return 1 ;;
    esac
}

# Prints the value at a path of keys in the last reply.
field() {
    python - "$reply" "$@" <<'PYTHON'
import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2:]:
    value = value[key]
print(value)
PYTHON
}

# Runs the commands unchanged, except for this server's address and the reader's values.
the_documented_lines_sign_in() {
    local line lines
    mapfile -t lines < <(grep -E '^    aws cognito-idp .*--no-sign-request' "$here/../../docs/getting-started.md")
    equal "${#lines[@]}" 3 || return
    local answers=("" "captcha_answer" "security_answer") i
    for i in 0 1 2; do
        line=${lines[i]/http:\/\/127.0.0.1:9229/$ENDPOINT}
        if [ "$i" -gt 0 ]; then
            line=${line/ANSWER=ANSWER/ANSWER=$("${answers[i]}")}
            line=${line/--session SESSION/--session $(field Session)}
        fi
        eval "$line --output json" >"$reply.next" && mv "$reply.next" "$reply" || return
    done
    field AuthenticationResult AccessToken >/dev/null
}

starts_with_the_captcha() {
    start &&
        equal "$(field ChallengeName)" CUSTOM_CHALLENGE &&
        equal "$(field ChallengeParameters USERNAME)" demo &&
        equal "$(field ChallengeParameters challenge)" CAPTCHA &&
        equal "$(field ChallengeParameters step)" 1 &&
        equal "$(field ChallengeParameters steps)" 2 &&
        equal "$(field ChallengeParameters attemptsLeft)" 3 &&
        equal "$(field ChallengeParameters captchaUrl | grep -cE '^(http|data:image/png)')" 1
}

a_wrong_captcha_is_asked_again() {
    local before
    before=$(field Session)
    answer wrong &&
        equal "$(field ChallengeParameters challenge)" CAPTCHA &&
        equal "$(field ChallengeParameters attemptsLeft)" 2 &&
        [ "$(field Session)" != "$before" ]
}

the_right_captcha_leads_on() {
    field Session >"$SCRATCH/aws-cli.used" &&
        answer "$(captcha_answer)" &&
        equal "$(field ChallengeParameters challenge)" SECURITY_QUESTION &&
        equal "$(field ChallengeParameters step)" 2 &&
        equal "$(field ChallengeParameters attemptsLeft)" 3 &&
        [ -n "$(field ChallengeParameters securityQuestion)" ]
}

the_right_answer_leads_to_tokens() {
    answer "$(security_answer)" &&
        equal "$(field AuthenticationResult TokenType)" Bearer &&
        equal "$(field AuthenticationResult ExpiresIn)" 3600 &&
        [ -n "$(field AuthenticationResult IdToken)" ] &&
        [ -n "$(field AuthenticationResult RefreshToken)" ] &&
        access=$(field AuthenticationResult AccessToken) &&
        cognito get-user --access-token "$access" >"$reply" &&
        equal "$(field Username)" demo
}

a_session_answers_once() {
    refused "Invalid session for the user, session can only be used once." \
        cognito respond-to-auth-challenge --client-id $client --challenge-name CUSTOM_CHALLENGE \
        --session "$(cat "$SCRATCH/aws-cli.used")" --challenge-responses USERNAME=demo,ANSWER=any
}

a_third_wrong_captcha_ends_it() {
    start && answer wrong && answer wrong &&
        equal "$(field ChallengeParameters attemptsLeft)" 1 &&
        refused "(NotAuthorizedException) when calling the RespondToAuthChallenge operation: Incorrect username or password." \
            answer wrong
}

no_password_no_start() {
    refused "(NotAuthorizedException) when calling the InitiateAuth operation: Incorrect username or password." \
        cognito initiate-auth --auth-flow CUSTOM_AUTH --client-id localclient000000000000000 --auth-parameters USERNAME=demo
}

an_unknown_client_is_named() {
    refused "(ResourceNotFoundException) when calling the InitiateAuth operation: User pool client nobody does not exist." \
        cognito initiate-auth --auth-flow CUSTOM_AUTH --client-id nobody --auth-parameters USERNAME=demo
}

a_user_made_by_an_admin_is_found_again() {
    local name=cli-$$
    cognito admin-create-user --user-pool-id $pool --username $name --message-action SUPPRESS \
        --user-attributes Name=email,Value=$name@example.com >"$reply" &&
        equal "$(field User Username)" $name &&
        equal "$(field User UserStatus)" FORCE_CHANGE_PASSWORD &&
        cognito admin-get-user --user-pool-id $pool --username $name >"$reply" &&
        equal "$(field Username)" $name &&
        equal "$(field UserAttributes | grep -c "$name@example.com")" 1 &&
        refused "UsernameExistsException" cognito admin-create-user --user-pool-id $pool --username $name &&
        cognito admin-delete-user --user-pool-id $pool --username $name &&
        refused "UserNotFoundException" cognito admin-get-user --user-pool-id $pool --username $name
}

invoke() {
    aws lambda invoke --endpoint-url "$ENDPOINT" --function-name DefineAuthChallengeFunction \
        --payload "fileb://$here/define.event.json" "$reply" >"$reply.status"
}

a_function_can_be_invoked() {
    invoke &&
        equal "$(field response challengeName)" CUSTOM_CHALLENGE &&
        equal "$(field response issueTokens)" False &&
        equal "$(field response failAuthentication)" False
}

a_function_returns_its_event() {
    invoke && python - "$reply" "$here/define.event.json" <<'PYTHON'
import json, sys
got, given = (json.load(open(path)) for path in sys.argv[1:])
del got["response"], given["response"]
sys.exit(None if got == given else f"expected the event back, got {got}")
PYTHON
}

main
