#!/usr/bin/env node
import '../dist/tensorflow-install/cli.js'
