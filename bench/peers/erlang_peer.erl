%% SPDX-License-Identifier: MIT
%% SPDX-FileCopyrightText: The ThreadButler authors
%%
%% Erlang: an actor is a process, messages are tuples, payloads binaries.

-module(erlang_peer).
-export([main/0]).

-define(EXIT_WRONG, 1).
-define(EXIT_USAGE, 2).
-define(USAGE, "Usage: erlang [--spoil] count N | fanin P N | pingpong N | ring A N | burst N ROUNDS S | create A\n").

-record(message, {seq, value}).
-record(request, {seq, value, client, bytes}).
-record(response, {seq, value, bytes}).
-record(tally, {received = 0, sum = 0, disorder = 0}).

%% Usage

%% Who sends or receives much has a large heap from the beginning, and messages wait outside of it.
-define(BUSY, [link, {min_heap_size, 100000}, {message_queue_data, off_heap}]).

%% All are linked to the one that measures: if one fails, so does the program.
main() ->
    {_, Monitor} = spawn_opt(fun run/0, [monitor | ?BUSY -- [link]]),
    receive {'DOWN', Monitor, process, _, _} -> halt(?EXIT_WRONG) end.

run() ->
    {Spoil, Words} = case init:get_plain_arguments() of
        ["--spoil" | Rest] -> {1, Rest};
        All -> {0, All}
    end,
    case Words of
        [Kernel | Numbers] -> measure(Kernel, numbers(defaults(Kernel), Numbers), Spoil);
        [] -> refuse("usage", "it takes a kernel")
    end.

measure(Kernel, Numbers, Spoil) ->
    {Ops, Begin, End} = kernel(Kernel, Numbers, Spoil),
    print_round(Kernel, Ops, Begin, End),
    halt(0).

defaults("count") -> [3000000];
defaults("fanin") -> [4, 500000];
defaults("pingpong") -> [200000];
defaults("ring") -> [100, 200000];
defaults("burst") -> [5000, 20, 24];
defaults("create") -> [1000];
defaults(Kernel) -> refuse(Kernel, "there is no such kernel").

numbers(Defaults, []) -> Defaults;
numbers([], [Word | _]) -> refuse(Word, "this is too much");
numbers([_ | Defaults], [Word | Words]) ->
    case string:to_integer(Word) of
        {N, ""} when N > 0 -> [N | numbers(Defaults, Words)];
        _ -> refuse(Word, "this is no number from 1 on")
    end.

refuse(Word, Reason) ->
    io:format(standard_error, "erlang: ~s: ~s~n" ?USAGE, [Word, Reason]),
    halt(?EXIT_USAGE).

%% Measuring

-record(usage, {time, cpu, voluntary, involuntary, peak}).

begin_round() ->
    {Cpu, Voluntary, Involuntary, Peak} = used(),
    #usage{time = erlang:monotonic_time(), cpu = Cpu, voluntary = Voluntary, involuntary = Involuntary, peak = Peak}.

end_round() ->
    Time = erlang:monotonic_time(),
    {Cpu, Voluntary, Involuntary, Peak} = used(),
    #usage{time = Time, cpu = Cpu, voluntary = Voluntary, involuntary = Involuntary, peak = Peak}.

used() ->
    {Cpu, _} = statistics(runtime),
    Tasks = filelib:wildcard("/proc/self/task/*/status"),
    {Cpu, lists:sum([figure(Task, "\nvoluntary_ctxt_switches") || Task <- Tasks]),
     lists:sum([figure(Task, "nonvoluntary_ctxt_switches") || Task <- Tasks]),
     figure("/proc/self/status", "VmHWM")}.

figure(File, Name) ->
    {ok, Text} = file:read_file(File),
    case re:run(Text, Name ++ ":\\s*([0-9]+)", [{capture, all_but_first, list}]) of
        {match, [Number]} -> list_to_integer(Number);
        nomatch -> 0
    end.

print_round(Kernel, Ops, Begin, End) ->
    Seconds = (End#usage.time - Begin#usage.time) / erlang:convert_time_unit(1, second, native),
    io:format("~s erlang ~b ~.6f ~b cpu=~.3f voluntary=~b involuntary=~b cpus=~b",
              [Kernel, Ops, Seconds, round(Ops / Seconds), (End#usage.cpu - Begin#usage.cpu) / 1000,
               End#usage.voluntary - Begin#usage.voluntary, End#usage.involuntary - Begin#usage.involuntary,
               erlang:system_info(logical_processors_available)]),
    Kernel =:= "create" andalso io:format(" rss_kib=~.2f", [(End#usage.peak - Begin#usage.peak) / Ops]),
    io:nl().

%% Checking

value(Seq) -> 3 * Seq + 1.

%% The first message is wrong if the checks are to see it.
value_to_send(0, Spoil) -> value(0) + Spoil;
value_to_send(Seq, _) -> value(Seq).

add(#tally{received = Received, sum = Sum} = Tally, Received, Value) ->
    Tally#tally{received = Received + 1, sum = Sum + Value};
add(#tally{received = Received, sum = Sum, disorder = Disorder}, _, Value) ->
    #tally{received = Received + 1, sum = Sum + Value, disorder = Disorder + 1}.

check(What, Found, Expected) when Found =/= Expected ->
    io:format(standard_error, "erlang: wrong: ~s: ~b instead of ~b~n", [What, Found, Expected]),
    halt(?EXIT_WRONG);
check(_, _, _) -> ok.

check_tally(#tally{received = Received, sum = Sum, disorder = Disorder}, N) ->
    check("messages", Received, N),
    check("out of order", Disorder, 0),
    check("sum", Sum, 3 * (N * (N - 1) div 2) + N).

%% What is measured: how many operations, and what was used up before and after.

kernel("count", [N], Spoil) ->
    Self = self(),
    Counter = spawn_opt(fun() -> Self ! {counted, count(#tally{}), end_round()} end, ?BUSY),
    Begin = begin_round(),
    send_all(Counter, 0, N, Spoil),
    Counter ! last,
    receive {counted, Tally, End} -> ok end,
    check_tally(Tally, N),
    {N, Begin, End};

kernel("fanin", [P, N], Spoil) ->
    Self = self(),
    Fresh = list_to_tuple(lists:duplicate(P, #tally{})),
    Counter = spawn_opt(fun() -> Self ! {counted, count_from(Fresh, P), end_round()} end, ?BUSY),
    Begin = begin_round(),
    [spawn_opt(fun() -> send_all_from(Counter, Producer, 0, N, Spoil) end, ?BUSY) || Producer <- lists:seq(1, P)],
    receive {counted, Tallies, End} -> ok end,
    [check_tally(Tally, N) || Tally <- tuple_to_list(Tallies)],
    {P * N, Begin, End};

kernel("pingpong", [N], Spoil) ->
    {Begin, End} = pass_token(2, 2 * N, Spoil),
    {N, Begin, End};

kernel("ring", [A, N], Spoil) ->
    {Begin, End} = pass_token(A, N, Spoil),
    {N, Begin, End};

kernel("burst", [_, _, S], _) when S < 16 -> refuse("burst", "the payload has two words of 8 bytes, or more");
kernel("burst", [N, Rounds, S], Spoil) ->
    Server = spawn_opt(fun serve/0, ?BUSY),
    exchange(Server, N, S, Spoil), % makes the heap as large as it will be
    Begin = begin_round(),
    [exchange(Server, N, S, Spoil) || _ <- lists:seq(1, Rounds)],
    End = end_round(),
    {N * Rounds, Begin, End};

kernel("create", [A], Spoil) ->
    Begin = begin_round(),
    Actors = [spawn_monitor(fun echo/0) || _ <- lists:seq(1, A)],
    call_all(Actors, 0, Spoil),
    Tally = collect(#tally{}, A),
    [Actor ! last || {Actor, _} <- Actors],
    [receive {'DOWN', Monitor, process, Actor, normal} -> ok end || {Actor, Monitor} <- Actors],
    End = end_round(),
    check_tally(Tally, A),
    {A, Begin, End}.

send_all(_, N, N, _) -> ok;
send_all(Counter, Seq, N, Spoil) ->
    Counter ! #message{seq = Seq, value = value_to_send(Seq, Spoil)},
    send_all(Counter, Seq + 1, N, Spoil).

count(Tally) ->
    receive
        #message{seq = Seq, value = Value} -> count(add(Tally, Seq, Value));
        last -> Tally
    end.

%% fanin

send_all_from(Counter, _, N, N, _) -> Counter ! last;
send_all_from(Counter, Producer, Seq, N, Spoil) ->
    Counter ! {Producer, #message{seq = Seq, value = value_to_send(Seq, Spoil)}},
    send_all_from(Counter, Producer, Seq + 1, N, Spoil).

count_from(Tallies, 0) -> Tallies;
count_from(Tallies, Left) ->
    receive
        {Producer, #message{seq = Seq, value = Value}} ->
            count_from(setelement(Producer, Tallies, add(element(Producer, Tallies), Seq, Value)), Left);
        last -> count_from(Tallies, Left - 1)
    end.

%% pingpong and ring

-record(link, {home, next, links, hops, passed = 0, disorder = 0}).

pass_token(Links, Hops, Spoil) ->
    Fresh = #link{home = self(), links = Links, hops = Hops},
    Actors = [spawn_link(fun() -> receive {next, Next} -> link_loop(I, Fresh#link{next = Next}) end end)
              || I <- lists:seq(0, Links - 1)],
    [First | Others] = Actors,
    [Actor ! {next, Next} || {Actor, Next} <- lists:zip(Actors, Others ++ [First])],
    Begin = begin_round(),
    First ! #message{seq = 0, value = value_to_send(0, Spoil)},
    receive home -> ok end,
    End = end_round(),
    [Actor ! last || Actor <- Actors],
    Passed = [receive {passed, Actor, N, Disorder} -> check("out of order", Disorder, 0), N end || Actor <- Actors],
    check("hops", lists:sum(Passed), Hops),
    {Begin, End}.

link_loop(Expected, #link{next = Next, hops = Hops, passed = Passed} = Link) ->
    receive
        #message{seq = Seq, value = Value} ->
            if
                Seq + 1 =:= Hops -> Link#link.home ! home;
                true -> Next ! #message{seq = Seq + 1, value = value(Seq + 1)}
            end,
            Wrong = if Seq =:= Expected andalso Value =:= 3 * Seq + 1 -> 0; true -> 1 end,
            link_loop(Expected + Link#link.links,
                      Link#link{passed = Passed + 1, disorder = Link#link.disorder + Wrong});
        last ->
            Link#link.home ! {passed, self(), Passed, Link#link.disorder}
    end.

%% burst: what is longer than 64 bytes is passed by reference.

serve() ->
    receive
        #request{seq = Seq, value = Value, client = Client, bytes = Bytes} ->
            Client ! #response{seq = Seq, value = Value, bytes = Bytes},
            serve()
    end.

exchange(Server, N, S, Spoil) ->
    request_all(Server, 0, N, S - 16, Spoil),
    check_tally(respond_all(#tally{}, N, S - 16), N).

request_all(_, N, N, _, _) -> ok;
request_all(Server, Seq, N, Size, Spoil) ->
    Server ! #request{seq = Seq, value = value_to_send(Seq, Spoil), client = self(), bytes = fill(Seq, Size)},
    request_all(Server, Seq + 1, N, Size, Spoil).

%% By kibibytes: binary:copy/2 takes its time for each copy. What is too much belongs to nobody.
fill(Seq, Size) when Size =< 64 -> <<Seq:(8 * Size)>>;
fill(Seq, Size) -> binary:part(binary:copy(<<Seq:(8 * 1024)>>, (Size + 1023) div 1024), 0, Size).

respond_all(#tally{received = N} = Tally, N, _) -> Tally;
respond_all(Tally, N, Size) ->
    receive
        #response{seq = Seq, value = Value, bytes = Bytes} when byte_size(Bytes) =:= Size ->
            respond_all(add(Tally, Seq, Value), N, Size)
    end.

%% create

echo() ->
    receive
        {Client, #message{} = Message} ->
            Client ! Message,
            echo();
        last -> ok
    end.

call_all([], _, _) -> ok;
call_all([{Actor, _} | Actors], Seq, Spoil) ->
    Actor ! {self(), #message{seq = Seq, value = value_to_send(Seq, Spoil)}},
    call_all(Actors, Seq + 1, Spoil).

collect(#tally{received = N} = Tally, N) -> Tally;
collect(Tally, N) ->
    receive #message{value = Value} -> collect(add(Tally, Tally#tally.received, Value), N) end.
