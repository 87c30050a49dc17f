#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# erlang: runs erlang_peer.beam, which lies beside it.

exec erl -noinput -boot no_dot_erlang -pa "$(dirname "$0")" -s erlang_peer main -extra "$@"
