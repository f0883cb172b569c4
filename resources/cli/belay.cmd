@echo off
"%~dp0..\core\node.exe" --max-semi-space-size=8 "%~dp0..\core\tools\lib\enter.mjs" %*
