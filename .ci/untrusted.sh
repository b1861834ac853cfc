# shellcheck shell=bash
# For action.yml: run a command that runs a submission's code.
#
# GitHub takes lines in the files that GITHUB_ENV, GITHUB_PATH, GITHUB_OUTPUT, GITHUB_STATE and
# GITHUB_STEP_SUMMARY name for the workflow's own, and steps after this one trust them. The command
# gets neither these names nor the runner's tokens. Their places can be guessed, so the files are
# emptied afterwards, when all that the command has started is gone.
untrusted() {
  local name status=0
  local -a hidden=()
  while IFS= read -r name; do
    case $name in
      GITHUB_ENV | GITHUB_PATH | GITHUB_OUTPUT | GITHUB_STATE | GITHUB_STEP_SUMMARY | \
        GITHUB_TOKEN | GH_TOKEN | ACTIONS_*) hidden+=(-u "$name") ;;
    esac
  done < <(compgen -e)
  env "${hidden[@]}" "$@" || status=$?
  for name in GITHUB_ENV GITHUB_PATH GITHUB_OUTPUT GITHUB_STATE GITHUB_STEP_SUMMARY; do
    if [ -n "${!name:-}" ]; then
      rm -rf -- "${!name}"
      : > "${!name}"
    fi
  done
  return "$status"
}
