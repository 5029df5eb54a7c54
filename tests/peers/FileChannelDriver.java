/* SPDX-License-Identifier: Apache-2.0 */

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.flume.Channel;
import org.apache.flume.ChannelException;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.Transaction;
import org.apache.flume.channel.file.FileChannel;
import org.apache.flume.conf.Configurables;
import org.apache.flume.event.EventBuilder;

/**
 * Runs Flume's own file channel by commands, one a line of standard input; answers each with a line.
 *
 * <pre>
 *   java FileChannelDriver KEY=VALUE...    the channel's properties
 *   put T N            puts the next N events in transaction T, which begins when it is not open
 *   take T N           takes up to N events in T; answers with their numbers
 *   commit T, rollback T
 *   checkpoint         writes one now
 *   load P C B         P threads put batches of B events and C threads take them, for ever; each
 *                      commit is told: "put FIRST LAST" or "took NUMBER..."
 *   number N           the next event that is put gets this number
 *   drain              takes all and prints each event: body, then NAME=VALUE by name, in hex
 *   stop               closes the channel and ends
 *   halt               ends as kill -9 does; the end of the input too
 * </pre>
 */
public class FileChannelDriver {
    private final Channel channel = new FileChannel();
    private final Map<String, Open> open = new HashMap<>();
    private final AtomicInteger next = new AtomicInteger();

    /** A transaction and the thread that Flume ties it to. */
    private static class Open {
        final ExecutorService thread = Executors.newSingleThreadExecutor();
        Transaction transaction;

        <T> T run(Callable<T> work) throws Exception {
            return thread.submit(work).get();
        }
    }

    public static void main(String[] settings) {
        try {
            new FileChannelDriver(settings).run();
        } catch (Exception failed) {
            failed.printStackTrace();
            Runtime.getRuntime().halt(1); // nobody waits for an answer of threads that go on
        }
    }

    private FileChannelDriver(String[] settings) {
        Context context = new Context();
        context.put("checkpointInterval", "1000000000");
        context.put("minimumRequiredSpace", "1048576");
        for (String setting : settings) {
            context.put(setting.split("=", 2)[0], setting.split("=", 2)[1]);
        }
        channel.setName("driven");
        Configurables.configure(channel, context);
        channel.start();
    }

    private void run() throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null;) {
            String[] words = line.trim().split(" ");
            answer(command(words));
        }
        Runtime.getRuntime().halt(0); // threads of Flume's would go on
    }

    private static synchronized void answer(String text) {
        System.out.println(text);
        System.out.flush();
    }

    private String command(String[] words) throws Exception {
        switch (words[0]) {
            case "put": return put(opened(words[1]), number(words[2]));
            case "take": return take(opened(words[1]), number(words[2]));
            case "commit": return end(words[1], Transaction::commit);
            case "rollback": return end(words[1], Transaction::rollback);
            case "checkpoint": return checkpoint();
            case "load": return load(number(words[1]), number(words[2]), number(words[3]));
            case "number": next.set(number(words[1])); return "ok";
            case "drain": return drain();
            case "halt": Runtime.getRuntime().halt(0); return "";
            case "stop":
                channel.stop();
                answer("ok");
                System.exit(0);
                return "";
            default: throw new IllegalArgumentException(words[0]);
        }
    }

    private static int number(String word) {
        return Integer.parseInt(word);
    }

    private Open opened(String name) throws Exception {
        Open found = open.computeIfAbsent(name, key -> new Open());
        if (found.transaction == null) {
            found.transaction = found.run(() -> {
                Transaction transaction = channel.getTransaction();
                transaction.begin();
                return transaction;
            });
        }
        return found;
    }

    private interface Ending {
        void end(Transaction transaction);
    }

    private String end(String name, Ending ending) throws Exception {
        Open found = opened(name);
        found.run(() -> {
            ending.end(found.transaction);
            found.transaction.close();
            return null;
        });
        found.transaction = null;
        return "ok";
    }

    /** Events of all kinds: bodies from nothing to some kilobytes, headers with and without text. */
    private static Event event(int number) {
        Map<String, String> headers = new HashMap<>();
        headers.put("n", Integer.toString(number));
        if (number % 3 == 1) {
            headers.put("text", "gr\u00fc\u00df dich \ud83d\ude00");
        }
        if (number % 5 == 2) {
            headers.put("empty", "");
        }
        byte[] body = new byte[number % 7 == 3 ? 0 : number % 11 == 4 ? 3000 : 20 + number % 50];
        for (int i = 0; i < body.length; i++) {
            body[i] = (byte) (number + i);
        }
        return EventBuilder.withBody(body, headers);
    }

    private String put(Open in, int count) throws Exception {
        return in.run(() -> {
            for (int i = 0; i < count; i++) {
                channel.put(event(next.getAndIncrement()));
            }
            return "ok";
        });
    }

    private String take(Open in, int count) throws Exception {
        return in.run(() -> {
            StringBuilder numbers = new StringBuilder("took");
            for (int i = 0; i < count; i++) {
                Event event = channel.take();
                if (event == null) {
                    break;
                }
                numbers.append(' ').append(event.getHeaders().get("n"));
            }
            return numbers.toString();
        });
    }

    /** What the channel's own background thread does every checkpointInterval; like that, again when
     * the backup of the checkpoint before is still being made. */
    private String checkpoint() throws Exception {
        Field field = FileChannel.class.getDeclaredField("log");
        field.setAccessible(true);
        Object log = field.get(channel);
        Method write = log.getClass().getDeclaredMethod("writeCheckpoint", Boolean.class);
        write.setAccessible(true);
        for (;;) {
            try {
                write.invoke(log, true);
                return "ok";
            } catch (InvocationTargetException failed) {
                String why = String.valueOf(failed.getCause().getMessage());
                if (!why.startsWith("Previous backup")) {
                    throw failed;
                }
                Thread.sleep(20);
            }
        }
    }

    private String load(int producers, int consumers, int batch) {
        for (int i = 0; i < producers; i++) {
            new Thread(() -> produce(batch)).start();
        }
        for (int i = 0; i < consumers; i++) {
            new Thread(() -> consume(batch)).start();
        }
        return "ok";
    }

    private void produce(int batch) {
        for (;;) {
            int first = next.getAndAdd(batch);
            Transaction transaction = channel.getTransaction();
            transaction.begin();
            try {
                for (int i = 0; i < batch; i++) {
                    channel.put(event(first + i));
                }
                transaction.commit();
                answer("put " + first + " " + (first + batch - 1));
            } catch (ChannelException full) {
                transaction.rollback();
            } finally {
                transaction.close();
            }
        }
    }

    private void consume(int batch) {
        for (int turn = 0;; turn++) {
            Transaction transaction = channel.getTransaction();
            transaction.begin();
            StringBuilder numbers = new StringBuilder("took");
            for (int i = 0; i < batch; i++) {
                Event event = channel.take();
                if (event != null) {
                    numbers.append(' ').append(event.getHeaders().get("n"));
                }
            }
            if (turn % 4 == 3) {
                transaction.rollback();
            } else {
                transaction.commit();
                answer(numbers.toString());
            }
            transaction.close();
            LockSupport.parkNanos(3_000_000);
        }
    }

    private static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            text.append(String.format("%02x", b));
        }
        return text.toString();
    }

    private static String hex(String text) {
        return hex(text.getBytes(StandardCharsets.UTF_8));
    }

    private String drain() {
        for (int taken = 1; taken > 0;) {
            Transaction transaction = channel.getTransaction();
            transaction.begin();
            for (taken = 0; taken < 100; taken++) {
                Event event = channel.take();
                if (event == null) {
                    break;
                }
                StringBuilder line = new StringBuilder(hex(event.getBody()));
                new TreeMap<>(event.getHeaders()).forEach(
                        (name, value) -> line.append(' ').append(hex(name)).append('=').append(hex(value)));
                answer(line.toString());
            }
            transaction.commit();
            transaction.close();
        }
        return "ok";
    }
}
