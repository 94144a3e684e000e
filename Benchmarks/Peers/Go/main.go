// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// Command bench-go measures one workload with etcd's own Go client, used as its documentation shows:
// one client, default settings. It prints one JSON object.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/clientv3"
)

// options is what the harness asks every client for.
type options struct {
	workload    string // "range", "put", "lock-uncontended", "handoff" or "watch"
	outstanding int    // the number at the end of the workload's name
	warmUp      int    // operations before the measured phase
	duration    time.Duration
	key         string // a key, or the prefix of the keys of this run
}

func main() {
	endpoint := flag.String("endpoint", "", "etcd's client address, http://host:port")
	endpoints := flag.String("endpoints", "", "the same for several members, with commas")
	workload := flag.String("workload", "", "for example range-64")
	seconds := flag.Float64("seconds", 3, "length of the measured phase")
	warmUp := flag.Int("warm-up", 100, "operations before it")
	key := flag.String("key", "bench", "key or prefix of keys")
	flag.Parse()

	options := parse(*workload)
	options.warmUp = *warmUp
	options.duration = time.Duration(*seconds * float64(time.Second))
	options.key = *key

	client, err := clientv3.New(clientv3.Config{
		Endpoints:   strings.Split(*endpoint+*endpoints, ","),
		DialTimeout: 5 * time.Second,
	})
	check(err)
	defer client.Close()

	switch options.workload {
	case "fault-put":
		putThroughFaults(client, options)
		return
	case "fault-watch":
		watchThroughFaults(client, options)
		return
	}

	var result measurement
	switch options.workload {
	case "range", "put":
		result = measureRequests(client, options)
	case "lock-uncontended":
		result = measureUncontendedLock(client, options)
	case "handoff":
		result = measureHandoff(client, options)
	case "watch":
		result = measureWatch(client, options)
	default:
		check(fmt.Errorf("unknown workload %q", *workload))
	}
	check(json.NewEncoder(os.Stdout).Encode(result.raw()))
}

// parse splits "range-64" into its kind and number; a name without a number is all kind.
func parse(name string) options {
	if i := strings.LastIndexByte(name, '-'); i >= 0 {
		if number, err := strconv.Atoi(name[i+1:]); err == nil {
			return options{workload: name[:i], outstanding: number}
		}
	}
	return options{workload: name, outstanding: 1}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-go:", err)
		os.Exit(1)
	}
}
