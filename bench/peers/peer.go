// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The ThreadButler authors
//
// Go: an actor is a goroutine with a buffered channel; messages are values.

package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	buffer        = 8192 // a sender waits when so many messages wait
	producerShift = 48
	exitWrong     = 1
	exitUsage     = 2
)

type message struct {
	seq   uint64
	value uint64
}

type arguments struct {
	n, actors, rounds, size uint64
	ends, spoil             bool
}

// Measuring

type usage struct {
	seconds     time.Time
	cpuSeconds  float64
	voluntary   int64
	involuntary int64
	peakKiB     int64
}

var begin, end usage

func getUsage() usage {
	var used syscall.Rusage
	now := time.Now()
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	return usage{now, cpu.Seconds(), used.Nvcsw, used.Nivcsw, 0}
}

// KiB; 0 where there is no such file.
func getPeak() (peak int64) {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		fmt.Sscanf(line, "VmHWM: %d kB", &peak)
	}
	return peak
}

// Checking

func valueOf(seq uint64) uint64 {
	return 3*seq + 1
}

// What is sent as message seq: the first one is wrong if the checks are to see it.
func (args *arguments) valueToSend(seq uint64) uint64 {
	if args.spoil && seq == 0 {
		return valueOf(seq) + 1
	}
	return valueOf(seq)
}

type tally struct {
	received, sum, disorder uint64
}

func (t *tally) add(seq, value uint64) {
	if seq != t.received {
		t.disorder++
	}
	t.received++
	t.sum += value
}

func isRight(what string, found, expected uint64) bool {
	if found != expected {
		fmt.Fprintf(os.Stderr, "go: wrong: %s: %d instead of %d\n", what, found, expected)
	}
	return found == expected
}

func (t *tally) isRight(n uint64) bool {
	sum := uint64(0)
	for seq := uint64(0); seq < n; seq++ {
		sum += valueOf(seq)
	}
	return isRight("messages", t.received, n) && isRight("out of order", t.disorder, 0) && isRight("sum", t.sum, sum)
}

// count and fanin

func count(args *arguments) bool {
	var t tally
	messages := make(chan message, buffer)
	done := make(chan struct{})
	go func() {
		for m := range messages {
			t.add(m.seq, m.value)
		}
		close(done)
	}()
	begin = getUsage()
	for seq := uint64(0); seq < args.n; seq++ {
		messages <- message{seq, args.valueToSend(seq)}
	}
	close(messages)
	<-done
	end = getUsage()
	return t.isRight(args.n)
}

func fanin(args *arguments) bool {
	tallies := make([]tally, args.actors)
	messages := make(chan message, buffer)
	var producers sync.WaitGroup
	begin = getUsage()
	for p := uint64(0); p < args.actors; p++ {
		producers.Add(1)
		go func(first uint64) {
			defer producers.Done()
			for seq := uint64(0); seq < args.n; seq++ {
				messages <- message{first + seq, args.valueToSend(seq)}
			}
		}(p << producerShift)
	}
	go func() {
		producers.Wait()
		close(messages)
	}()
	for m := range messages {
		tallies[m.seq>>producerShift].add(m.seq&(1<<producerShift-1), m.value)
	}
	end = getUsage()
	for i := range tallies {
		if !tallies[i].isRight(args.n) {
			return false
		}
	}
	return true
}

// pingpong and ring: a token that counts its hops goes round.

func passToken(args *arguments, links, hops uint64) bool {
	channels := make([]chan message, links)
	for i := range channels {
		channels[i] = make(chan message, 1)
	}
	var passed, disorder uint64 // of the one that has the token
	done := make(chan struct{})
	for i := range channels {
		go func(expected uint64, in, out chan message) {
			for token := range in {
				if token.seq != expected || token.value != valueOf(expected) {
					disorder++
				}
				expected += links
				passed++
				if token.seq+1 == hops {
					close(done)
					return
				}
				out <- message{token.seq + 1, valueOf(token.seq + 1)}
			}
		}(uint64(i), channels[i], channels[(i+1)%len(channels)])
	}
	begin = getUsage()
	channels[0] <- message{0, args.valueToSend(0)}
	<-done
	end = getUsage()
	for i := range channels {
		close(channels[i])
	}
	return isRight("hops", passed, hops) && isRight("out of order", disorder, 0)
}

func pingpong(args *arguments) bool {
	return passToken(args, 2, 2*args.n)
}

func ring(args *arguments) bool {
	return passToken(args, args.actors, args.n)
}

// burst: payloads come from a sync.Pool and go back to it.

type payload struct {
	words []uint64
}

func (args *arguments) fill(words []uint64, seq uint64) {
	last := len(words) - 1
	words[0] = seq
	if !args.ends {
		rest := words[1:last]
		for i := range rest {
			rest[i] = seq + uint64(i)
		}
	}
	words[last] = args.valueToSend(seq)
}

func exchange(args *arguments, pool *sync.Pool, requests, responses chan *payload) bool {
	for seq := uint64(0); seq < args.n; seq++ {
		request := pool.Get().(*payload)
		args.fill(request.words, seq)
		requests <- request
	}
	var t tally
	for t.received < args.n {
		response := <-responses
		t.add(response.words[0], response.words[len(response.words)-1])
		pool.Put(response)
	}
	return t.isRight(args.n)
}

func burst(args *arguments) bool {
	pool := sync.Pool{New: func() any { return &payload{make([]uint64, args.size/8)} }}
	// Main receives only when it has sent all: the answers have to find room.
	requests, responses := make(chan *payload, buffer), make(chan *payload, args.n)
	go func() {
		for request := range requests {
			responses <- request
		}
	}()
	right := exchange(args, &pool, requests, responses) // makes the heap as large as it will be
	begin = getUsage()
	for round := uint64(0); round < args.rounds; round++ {
		right = exchange(args, &pool, requests, responses) && right
	}
	end = getUsage()
	close(requests)
	return right
}

// create

func create(args *arguments) bool {
	channels := make([]chan message, args.actors)
	answers := make(chan message, buffer)
	var actors sync.WaitGroup
	peak := getPeak()
	begin = getUsage()
	begin.peakKiB = peak
	actors.Add(len(channels))
	for i := range channels {
		channels[i] = make(chan message, 1)
		go func(in chan message) {
			defer actors.Done()
			for m := range in {
				answers <- m
			}
		}(channels[i])
	}
	go func() {
		for i := range channels {
			channels[i] <- message{uint64(i), args.valueToSend(uint64(i))}
		}
	}()
	var t tally
	for t.received < args.actors {
		m := <-answers
		t.add(t.received, m.value)
	}
	for i := range channels {
		close(channels[i])
	}
	actors.Wait()
	end = getUsage()
	end.peakKiB = getPeak()
	return t.isRight(args.actors)
}

// Usage

type kernel struct {
	run      func(*arguments) bool
	numbers  []*uint64
	defaults []uint64
	ops      func() uint64
}

func refuse(word, reason string) {
	fmt.Fprintf(os.Stderr, "go: %s: %s\nUsage: go [--spoil] %s\n", word, reason,
		"count N | fanin P N | pingpong N | ring A N | burst N ROUNDS S [full|ends] | create A")
	os.Exit(exitUsage)
}

func parse(k kernel, args *arguments, words []string) {
	for i, number := range k.numbers {
		*number = k.defaults[i]
		if len(words) == 0 {
			continue
		}
		parsed, err := strconv.ParseUint(words[0], 10, 63)
		if err != nil || parsed == 0 {
			refuse(words[0], "this is no number from 1 on")
		}
		*number, words = parsed, words[1:]
	}
	if args.rounds > 0 && len(words) > 0 && (words[0] == "ends" || words[0] == "full") {
		args.ends, words = words[0] == "ends", words[1:]
	}
	if len(words) > 0 {
		refuse(words[0], "this is too much")
	}
	if args.rounds > 0 && (args.size < 16 || args.size%8 != 0) {
		refuse("burst", "the payload has two words of 8 bytes, or more")
	}
}

func printRound(name string, ops uint64) {
	seconds := end.seconds.Sub(begin.seconds).Seconds()
	line := fmt.Sprintf("%s go %d %.6f %.0f cpu=%.3f voluntary=%d involuntary=%d cpus=%d", name, ops, seconds,
		float64(ops)/seconds, end.cpuSeconds-begin.cpuSeconds, end.voluntary-begin.voluntary,
		end.involuntary-begin.involuntary, runtime.NumCPU())
	if name == "create" {
		line += fmt.Sprintf(" rss_kib=%.2f", float64(end.peakKiB-begin.peakKiB)/float64(ops))
	}
	fmt.Println(line)
}

func main() {
	args := &arguments{}
	kernels := map[string]kernel{
		"count": {count, []*uint64{&args.n}, []uint64{3000000}, func() uint64 { return args.n }},
		"fanin": {fanin, []*uint64{&args.actors, &args.n}, []uint64{4, 500000},
			func() uint64 { return args.actors * args.n }},
		"pingpong": {pingpong, []*uint64{&args.n}, []uint64{200000}, func() uint64 { return args.n }},
		"ring":     {ring, []*uint64{&args.actors, &args.n}, []uint64{100, 200000}, func() uint64 { return args.n }},
		"burst": {burst, []*uint64{&args.n, &args.rounds, &args.size}, []uint64{5000, 20, 24},
			func() uint64 { return args.n * args.rounds }},
		"create": {create, []*uint64{&args.actors}, []uint64{1000}, func() uint64 { return args.actors }},
	}
	words := os.Args[1:]
	if len(words) > 0 && words[0] == "--spoil" {
		args.spoil, words = true, words[1:]
	}
	if len(words) == 0 {
		refuse("usage", "it takes a kernel")
	}
	k, found := kernels[words[0]]
	if !found {
		refuse(words[0], "there is no such kernel")
	}
	parse(k, args, words[1:])
	if !k.run(args) {
		os.Exit(exitWrong)
	}
	printRound(words[0], k.ops())
}
