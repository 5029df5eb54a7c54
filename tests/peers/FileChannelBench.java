/* SPDX-License-Identifier: Apache-2.0 */

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.Stream;
import org.apache.flume.Channel;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.Transaction;
import org.apache.flume.channel.file.FileChannel;
import org.apache.flume.conf.Configurables;
import org.apache.flume.event.EventBuilder;

/**
 * Flume's file channel as tests/bench measures it, see tests/bench/beside.h: for each line "BATCH THREADS
 * WORK" puts and takes WORK events of 500 bytes in transactions of BATCH and prints the seconds.
 * With THREADS 0 one thread puts and one takes; else each of them does both in turn.
 */
public class FileChannelBench {
    private static final byte[] BODY = new byte[500];
    private final Channel channel = new FileChannel();

    public static void main(String[] arguments) throws Exception {
        Arrays.fill(BODY, (byte) 'x');
        Path folder = Files.createTempDirectory(
                arguments.length > 0 ? new File(arguments[0]).toPath() : new File("/tmp").toPath(), "flume-bench");
        try {
            new FileChannelBench(folder).run();
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
        }
        Runtime.getRuntime().halt(0); // threads of Flume's would go on
    }

    private FileChannelBench(Path folder) {
        Context context = new Context();
        context.put("checkpointDir", folder + "/checkpoint");
        context.put("dataDirs", folder + "/data");
        context.put("minimumRequiredSpace", "1048576");
        channel.setName("bench");
        Configurables.configure(channel, context);
        channel.start();
    }

    private void run() throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null;) {
            String[] words = line.trim().split(" ");
            long start = System.nanoTime();
            work(Integer.parseInt(words[0]), Integer.parseInt(words[1]), Long.parseLong(words[2]));
            System.out.println((System.nanoTime() - start) / 1e9);
            System.out.flush();
        }
        channel.stop();
    }

    private void work(int batch, int count, long work) throws Exception {
        Thread[] threads = new Thread[count == 0 ? 2 : count];
        for (int i = 0; i < threads.length; i++) {
            boolean puts = count > 0 || i == 0;
            boolean takes = count > 0 || i == 1;
            long share = count > 0 ? work / count : work;
            threads[i] = new Thread(() -> move(batch, share, puts, takes));
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void move(int batch, long work, boolean puts, boolean takes) {
        for (long done = 0; done < work;) {
            if (puts) {
                put(batch);
            }
            done += takes ? take(batch) : batch;
        }
    }

    private void put(int batch) {
        Transaction transaction = channel.getTransaction();
        transaction.begin();
        for (int i = 0; i < batch; i++) {
            channel.put(EventBuilder.withBody(BODY));
        }
        transaction.commit();
        transaction.close();
    }

    private int take(int batch) {
        Transaction transaction = channel.getTransaction();
        int taken = 0;
        transaction.begin();
        while (taken < batch) {
            Event event = channel.take();
            if (event == null) {
                break;
            }
            taken++;
        }
        transaction.commit();
        transaction.close();
        return taken;
    }
}
