# What the scripts for the AWS CLI share: their environment, and how a rule is tried and told. To be sourced.

# Signed calls need credentials; `local` accepts any. Nothing of the user's own AWS configuration is read.
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL

failures=0

# Tries a rule: its sentence, then the function that holds or says why not.
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

# Runs the command and looks for the words in how it fails.
refused() {
    local words=$1 output
    shift
    output=$("$@" 2>&1) && { echo "expected a refusal with \`$words\`, got \`$output\`"; return 1; }
    [[ $output == *"$words"* ]] || { echo "expected a refusal with \`$words\`, got \`$output\`"; return 1; }
}
