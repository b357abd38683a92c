"""What happens without anybody asking: alarms that repeat, messages that still wait for the bot."""
