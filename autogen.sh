#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# autogen.sh: makes configure and its helpers from configure.ac; needs autoconf, automake, libtool and pkg-config.

set -eu

cd "$(dirname "$0")"
exec autoreconf --install --force --warnings=all
