# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts beside this file need of Maven and Java; they set HOME_DIR, where it is kept.

HERE=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)

die() { echo "${0##*/}: $*" >&2; exit 1; }

# resolve GROUP:ARTIFACT:VERSION...: their class path, with all that they need, into a file
resolve() {
    [ -s "$HOME_DIR/classpath" ] && return
    command -v mvn >/dev/null || die "needs Maven"
    mkdir -p "$HOME_DIR"
    local artifact words dependencies=""
    for artifact; do
        IFS=: read -ra words <<<"$artifact"
        dependencies+="<dependency><groupId>${words[0]}</groupId><artifactId>${words[1]}</artifactId>"
        dependencies+="<version>${words[2]}</version></dependency>"
    done
    cat >"$HOME_DIR/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>flow.tests</groupId><artifactId>peer</artifactId><version>1</version>
<packaging>pom</packaging><dependencies>$dependencies</dependencies></project>
POM
    mvn -B -q -f "$HOME_DIR/pom.xml" \
        org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath \
        -DincludeScope=runtime -Dmdep.outputFile="$HOME_DIR/classpath.new" \
        >"$HOME_DIR/mvn.log" 2>&1 </dev/null || { tail "$HOME_DIR/mvn.log" >&2; die "Maven failed"; }
    mv "$HOME_DIR/classpath.new" "$HOME_DIR/classpath"
}

# compile SOURCE: the classes are kept by the sum of their source, so that an edit makes them anew
compile() {
    CLASSES=$HOME_DIR/classes-$(sha256sum <"$HERE/$1" | cut -c1-16)
    [ -d "$CLASSES" ] && return
    local new=$CLASSES.$$
    mkdir -p "$new"
    javac -nowarn -d "$new" -cp "$(cat "$HOME_DIR/classpath")" "$HERE/$1" \
        2>"$HOME_DIR/javac.log" || { cat "$HOME_DIR/javac.log" >&2; die "javac failed"; }
    mv -T "$new" "$CLASSES" 2>/dev/null || rm -r "$new" # another one was faster
}
