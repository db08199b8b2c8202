#!/usr/bin/env bash
# Serves one model to vidpipe, in the foreground: serve.sh tgi|vllm|sglang
#
#   MODEL          what to serve; default: a model of 8 billion parameters, which one GPU of 24 GB holds
#   PORT           where to listen; default 8080
#   HOST           for whom; default 127.0.0.1, this machine alone
#   MAX_TOKENS     input and output together; default 8192
#   GPUS           how many share the model; default 1
#   TGI_API_KEY    what vidpipe will send; empty: whoever reaches the port may ask
#   TGI_IMAGE      the container; default docker://ghcr.io/huggingface/text-generation-inference:3.3.5
set -euo pipefail

kind=${1:?say which server: tgi, vllm or sglang}
model=${MODEL:-meta-llama/Llama-3.1-8B-Instruct}
port=${PORT:-8080}
host=${HOST:-127.0.0.1}
max_tokens=${MAX_TOKENS:-8192}
gpus=${GPUS:-1}
key=${TGI_API_KEY:-}

case $kind in
tgi) # keys of servers go through the environment where they can: command lines are for all to see
    image=${TGI_IMAGE:-docker://ghcr.io/huggingface/text-generation-inference:3.3.5}
    cache=${HF_HOME:-$HOME/.cache/huggingface}
    mkdir -p "$cache"
    if [[ -n ${HF_TOKEN:-} ]]; then export APPTAINERENV_HF_TOKEN=$HF_TOKEN; fi
    if [[ -n $key ]]; then export APPTAINERENV_API_KEY=$key; fi
    exec apptainer run --nv --bind "$cache:/data" "$image" --model-id "$model" --hostname "$host" --port "$port" --num-shard "$gpus" \
        --max-input-tokens "$((max_tokens - 256))" --max-total-tokens "$max_tokens" --max-concurrent-requests 256
    ;;
vllm)
    if [[ -n $key ]]; then export VLLM_API_KEY=$key; fi
    exec vllm serve "$model" --host "$host" --port "$port" --max-model-len "$max_tokens" \
        --tensor-parallel-size "$gpus" --enable-prefix-caching
    ;;
sglang)
    if [[ -n $key ]]; then
        echo "serve.sh: SGLang takes its key on the command line, where other users of this machine can read it" >&2
        set -- --api-key "$key"
    else
        set --
    fi
    exec python -m sglang.launch_server --model-path "$model" --host "$host" --port "$port" \
        --context-length "$max_tokens" --tp "$gpus" "$@"
    ;;
*)
    echo "serve.sh: no server '$kind'; there are tgi, vllm and sglang" >&2
    exit 2
    ;;
esac
