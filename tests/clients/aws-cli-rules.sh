# The common parts of the scripts for the AWS CLI: their environment, and functions that try and report a rule. To be sourced.

# Signed calls need credentials, and `local` accepts any. The user's own AWS configuration is not read.
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL

failures=0

# Tries a rule: its sentence, then the function that succeeds or prints the reason.
rule() {
    local sentence=$1 why
    if why=$("$2" 2>&1); then
        echo "ok AWS CLI: $sentence"
    else
        echo "not ok AWS CLI: $sentence: $(tr '\n' ' ' <<<"$why")"
        failures=$((failures + 1))
    fi
}

equal() {
    [ "$1" = "$2" ] || { echo "expected \`$2\`, got \`$1\`"; return 1; }
}

# Runs the command and searches its error for the words.
refused() {
    local words=$1 output
    shift
    output=$("$@" 2>&1) && { echo "expected a refusal with \`$words\`, got \`$output\`"; return 1; }
    [[ $output == *"$words"* ]] || { echo "expected a refusal with \`$words\`, got \`$output\`"; return 1; }
}
